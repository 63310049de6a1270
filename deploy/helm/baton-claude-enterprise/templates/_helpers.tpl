{{- define "baton.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "baton.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "baton.labels" -}}
{{ include "baton.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "baton.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "baton.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "baton.image" -}}
{{- $repository := required "image.repository is empty: build the image with deploy/container/Dockerfile, push it, and name it here" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "baton.secretName" -}}
{{- default (include "baton.fullname" .) .Values.existingSecret -}}
{{- end -}}

{{/* Credentials come from one place. */}}
{{- define "baton.checkCredentials" -}}
{{- $given := list .Values.c1.clientId .Values.c1.clientSecret .Values.scim.url .Values.scim.token -}}
{{- if .Values.existingSecret -}}
{{- range $given -}}
{{- if . -}}
{{- fail "existingSecret is named, so c1.clientId, c1.clientSecret, scim.url and scim.token must be empty: the Secret holds them" -}}
{{- end -}}
{{- end -}}
{{- else -}}
{{- range $given -}}
{{- if not . -}}
{{- fail "name a Secret in existingSecret, or give all of c1.clientId, c1.clientSecret, scim.url and scim.token" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Helm reads whole numbers as floating ones, and would write a million as 1e+06. */}}
{{- define "baton.setting" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) -}}
{{- int64 . -}}
{{- else -}}
{{- toString . -}}
{{- end -}}
{{- end -}}
