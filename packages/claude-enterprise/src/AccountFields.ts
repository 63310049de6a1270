/**
 * What the person who asks for an account fills in, beside the e-mail address: declared once here, and read off by every app for its flags
 * and forms.
 *
 * @since 0.1.0
 */
import * as ConfigField from "@access-kit/connector-model/ConfigField"

/**
 * The fields, in the order in which a form shows them. The first word of the display name becomes the given name, the rest the family name.
 *
 * @since 0.1.0
 */
export const fields = {
  displayName: ConfigField.text({
    name: "display_name",
    displayName: "Display name",
    description: "The user's first and last name, space-separated",
    placeholder: "Jane Smith"
  })
}
