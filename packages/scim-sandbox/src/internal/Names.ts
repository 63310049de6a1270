/**
 * People's names in many scripts with their romanised form for the e-mail address, and names of groups a company has.
 * A pair is `[as written, in ASCII lower case]`.
 */

type Name = readonly [written: string, ascii: string]

export interface NamePool {
  readonly locale: string
  /** How often the pool is taken, relative to the others. */
  readonly weight: number
  /** Family name first, without a space, as in Chinese, Japanese and Korean. */
  readonly familyFirst: boolean
  readonly given: ReadonlyArray<Name>
  readonly family: ReadonlyArray<Name>
}

const pairs = (text: string): ReadonlyArray<Name> =>
  text.split(" ").map((pair) => {
    const at = pair.indexOf("=")
    return at < 0 ? [pair, pair.toLowerCase()] : [pair.slice(0, at), pair.slice(at + 1)]
  })

const pool = (locale: string, weight: number, given: string, family: string, familyFirst = false): NamePool => ({
  locale,
  weight,
  familyFirst,
  given: pairs(given),
  family: pairs(family)
})

export const pools: ReadonlyArray<NamePool> = [
  pool(
    "en-US",
    9,
    "Olivia Liam Emma Noah Amelia James Sophia Henry Grace Lucas Hannah Owen Ruth Miles Nora Felix Ada Grant Iris Paul",
    "Smith Johnson Carter Brooks Hayes Morgan Parker Reed Turner Walsh Barnes Foster Bell Cole Grey Hunt Lane Marsh Nash Shaw"
  ),
  pool(
    "en-IE",
    2,
    "Siobhán=siobhan Aoife Ciarán=ciaran Niamh Eoin Róisín=roisin",
    "O'Brien=obrien O'Connor=oconnor O'Neill=oneill D'Arcy=darcy Byrne Ó'Súilleabháin=osuilleabhain"
  ),
  pool(
    "de-DE",
    3,
    "Jürgen=juergen Käthe=kaethe Björn=bjoern Sönke=soenke Lena Anneliese",
    "Müller=mueller Schäfer=schaefer Groß=gross Weiß=weiss Köhler=koehler Vogt"
  ),
  pool(
    "fr-FR",
    3,
    "Chloé=chloe François=francois Zoë=zoe Anaïs=anais Jérôme=jerome Hélène=helene",
    "L'Hôpital=lhopital Lefèvre=lefevre Garçon=garcon Bélanger=belanger D'Angelo=dangelo Moreau"
  ),
  pool(
    "es-MX",
    3,
    "José=jose María=maria Íñigo=inigo Begoña=begona Sofía=sofia Andrés=andres",
    "Núñez=nunez García=garcia Peña=pena Muñoz=munoz Ibáñez=ibanez Castro"
  ),
  pool(
    "pl-PL",
    2,
    "Łukasz=lukasz Małgorzata=malgorzata Żaneta=zaneta Grażyna=grazyna Michał=michal",
    "Wójcik=wojcik Kamiński=kaminski Dąbrowska=dabrowska Łaski=laski Szczęsny=szczesny"
  ),
  pool(
    "tr-TR",
    2,
    "İbrahim=ibrahim Ayşe=ayse Çağla=cagla Gökhan=gokhan Işıl=isil",
    "Yılmaz=yilmaz Öztürk=ozturk Şahin=sahin Çelik=celik Güneş=gunes"
  ),
  pool(
    "vi-VN",
    2,
    "Thị=thi Hồng=hong Đức=duc Quỳnh=quynh Phương=phuong",
    "Nguyễn=nguyen Trần=tran Phạm=pham Đặng=dang Vũ=vu"
  ),
  pool(
    "ru-RU",
    3,
    "Анна=anna Дмитрий=dmitry Екатерина=ekaterina Сергей=sergey Ольга=olga Юрий=yuri",
    "Иванова=ivanova Смирнов=smirnov Кузнецов=kuznetsov Щербакова=shcherbakova Жуков=zhukov Ефимов=efimov"
  ),
  pool(
    "uk-UA",
    1,
    "Їжак=yizhak Оксана=oksana Ґалаґан=galagan Тарас=taras",
    "Шевченко=shevchenko Коваль=koval Бойко=boyko Їжакевич=yizhakevych"
  ),
  pool(
    "el-GR",
    2,
    "Ελένη=eleni Γιώργος=giorgos Δήμητρα=dimitra Νίκος=nikos Θεοδώρα=theodora",
    "Παπαδόπουλος=papadopoulos Οικονόμου=oikonomou Νικολάου=nikolaou Γεωργίου=georgiou Βλάχος=vlachos"
  ),
  pool(
    "ar-EG",
    2,
    "محمد=mohamed فاطمة=fatima أحمد=ahmed ليلى=layla يوسف=youssef",
    "الحداد=alhaddad منصور=mansour النجار=alnajjar سليمان=suleiman خليل=khalil"
  ),
  pool(
    "he-IL",
    1,
    "נועה=noa דוד=david יעל=yael איתן=eitan שירה=shira",
    "כהן=cohen לוי=levi מזרחי=mizrahi פרץ=peretz ביטון=biton"
  ),
  pool(
    "hi-IN",
    3,
    "प्रिया=priya राहुल=rahul अनन्या=ananya विक्रम=vikram दीपिका=deepika",
    "शर्मा=sharma पटेल=patel गुप्ता=gupta सिंह=singh मेहता=mehta"
  ),
  pool(
    "bn-BD",
    1,
    "রহিম=rahim সুমাইয়া=sumaiya তানভীর=tanvir নুসরাত=nusrat",
    "হোসেন=hossain চৌধুরী=chowdhury ইসলাম=islam আক্তার=akter"
  ),
  pool(
    "ta-IN",
    1,
    "கவிதா=kavitha முருகன்=murugan அருண்=arun மீனா=meena",
    "சுப்ரமணியன்=subramanian ராஜன்=rajan குமார்=kumar ஐயர்=iyer"
  ),
  pool(
    "zh-CN",
    3,
    "伟=wei 芳=fang 秀英=xiuying 娜=na 敏=min 静=jing",
    "王=wang 李=li 张=zhang 刘=liu 陈=chen 欧阳=ouyang",
    true
  ),
  pool(
    "ja-JP",
    3,
    "太郎=taro 花子=hanako 健太=kenta 美咲=misaki さくら=sakura",
    "佐藤=sato 鈴木=suzuki 高橋=takahashi 渡辺=watanabe 髙島=takashima",
    true
  ),
  pool(
    "ko-KR",
    2,
    "민준=minjun 서연=seoyeon 지훈=jihoon 하은=haeun 도윤=doyun",
    "김=kim 이=lee 박=park 최=choi 정=jung",
    true
  ),
  pool(
    "th-TH",
    2,
    "สมชาย=somchai สุดา=suda ปิยะ=piya นภา=napha",
    "ใจดี=jaidee ศรีสุข=srisuk วงศ์ใหญ่=wongyai ทองคำ=thongkham"
  ),
  pool(
    "ka-GE",
    1,
    "ნინო=nino გიორგი=giorgi თამარ=tamar ლევან=levan",
    "ბერიძე=beridze კაპანაძე=kapanadze გელაშვილი=gelashvili მაისურაძე=maisuradze"
  ),
  pool(
    "hy-AM",
    1,
    "Անի=ani Արամ=aram Նարե=nare Տիգրան=tigran",
    "Սարգսյան=sargsyan Հակոբյան=hakobyan Գրիգորյան=grigoryan Պետրոսյան=petrosyan"
  ),
  pool("am-ET", 1, "አበበ=abebe ሰላም=selam ዮሐንስ=yohannes ማርታ=marta", "ተስፋዬ=tesfaye በቀለ=bekele ገብረ=gebre ኃይሉ=hailu")
]

/** People who use one name only. */
export const mononyms: ReadonlyArray<Name> = pairs(
  "Suharto Teller Sukarno Thanthai=thanthai Ólafía=olafia 小雪=koyuki Прохор=prokhor मीरा=meera Bilal Ngozi"
)

/** Long compound names, as passports of several countries hold them. */
export const longNames: ReadonlyArray<readonly [given: string, family: string, ascii: string]> = [
  [
    "Maria do Carmo Conceição Aparecida Filomena Josefina",
    "de Albuquerque e Vasconcelos Figueiredo Cavalcanti Bragança Montenegro de Sá Rodrigues",
    "maria.albuquerque"
  ],
  [
    "Wolfgang-Amadeus Karl-Theodor Maximilian-Joseph Ludwig-Ferdinand",
    "von und zu Hohenzollern-Sigmaringen-Schleswig-Holstein-Sonderburg-Glücksburg genannt Reichenbach",
    "wolfgang.hohenzollern"
  ],
  [
    "Sri Venkata Satya Naga Lakshmi Narasimha Padmavathi Anjaneya",
    "Uma Maheswara Subrahmanya Chakravarthula Venkateswarlu Rangacharyulu Gopalakrishnan",
    "lakshmi.chakravarthula"
  ]
]

export const nicknames: ReadonlyArray<string> = ["Bob", "Duke", "Tex", "Ace", "Lefty"]

/** The first is the group with most of the company in it; the second has no member. */
export const groupNames: ReadonlyArray<string> = [
  "Claude Users",
  "Contractors (offboarded)",
  "Engineering",
  "Product",
  "Design",
  "Data Science",
  "Machine Learning",
  "Platform",
  "Site Reliability",
  "Security",
  "Legal & Compliance",
  "Finance",
  "Accounts Payable",
  "People Operations",
  "Recruiting",
  "Sales",
  "Sales – EMEA",
  "Sales – Americas",
  "Sales – APAC",
  "Solutions Engineering",
  "Customer Success",
  "Support",
  "Support \"Tier 3\"",
  "Marketing",
  "Communications",
  "Procurement",
  "IT",
  "IT/Helpdesk",
  "Facilities",
  "Research",
  "Quality Assurance",
  "Mobile",
  "Web",
  "Developer Experience",
  "Privacy",
  "Internal Audit",
  "Executive Staff",
  "Claude Admins",
  "Équipe Montréal",
  "東京オフィス",
  "Büro München",
  "Офис Тбилиси",
  "Interns",
  "Claude Code Users",
  "Claude Premium Seats",
  "Claude Standard Seats",
  "Partner Managers",
  "Trust & Safety"
]

/** Where the plain names run out, teams are named after an area and a place. */
export const areas: ReadonlyArray<string> = [
  "Payments",
  "Identity",
  "Search",
  "Billing",
  "Growth",
  "Infrastructure",
  "Analytics",
  "Messaging",
  "Storage",
  "Checkout",
  "Logistics",
  "Fraud",
  "Localization",
  "Integrations",
  "Reporting",
  "Onboarding"
]
export const places: ReadonlyArray<string> = [
  "Berlin",
  "São Paulo",
  "Nairobi",
  "Seoul",
  "Toronto",
  "Zürich",
  "Bengaluru",
  "Dublin",
  "Osaka",
  "Austin",
  "Kraków",
  "Istanbul",
  "Lagos",
  "Singapore",
  "Melbourne",
  "Bogotá"
]
