{{- define "deidstream.name" -}}
{{- if contains "deidstream" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-deidstream" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{/* What every resource of the release has. */}}
{{- define "deidstream.labels" -}}
app.kubernetes.io/name: deidstream
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* What its Pods are found by. (root, chain) */}}
{{- define "deidstream.selector" -}}
app.kubernetes.io/name: deidstream
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .chain }}
{{- end }}

{{/* The chains that there are, as YAML: {name: chain}. */}}
{{- define "deidstream.chains" -}}
{{- $chains := dict }}
{{- range $name, $chain := .Values.chains }}{{ if $chain }}{{ $_ := set $chains $name $chain }}{{ end }}{{ end }}
{{- toYaml $chains }}
{{- end }}

{{/* All stages that some chain has, as YAML: {list: [...]}. */}}
{{- define "deidstream.hosted" -}}
{{- $hosted := list }}
{{- range include "deidstream.chains" . | fromYaml }}{{ $hosted = concat $hosted .stages }}{{ end }}
{{- toYaml (dict "list" $hosted) }}
{{- end }}

{{/* Which image a chain needs: who hosts pixels, or writes into them, needs the decoders; who reads texts may need the taggers. (root, stages) */}}
{{- define "deidstream.flavour" -}}
{{- $hosted := (include "deidstream.hosted" .root | fromYaml).list }}
{{- $tagger := get (dig "text" "tagger" dict .root.Values.config | default dict) "folder" | default "" }}
{{- if or (has "image" .stages) (has "heads" .stages) (and (has "writer" .stages) (or (has "image" $hosted) (has "heads" $hosted))) -}}
image
{{- else if and (has "text" .stages) (has $tagger (list "standard" "fast")) -}}
tagged
{{- else -}}
light
{{- end }}
{{- end }}

{{/* Seconds that a process may need to end what it has begun: one look at pictures takes image.seconds at most. (root, chain) */}}
{{- define "deidstream.grace" -}}
{{- $looks := eq (include "deidstream.flavour" (dict "root" .root "stages" .chain.stages)) "image" }}
{{- .chain.graceSeconds | default (ternary (add 60 (dig "image" "seconds" 600 .root.Values.config | default 600)) 60 $looks) }}
{{- end }}

{{/* (root, flavour) */}}
{{- define "deidstream.image" -}}
{{- $digest := get .root.Values.image.digests .flavour }}
{{- if $digest -}}
{{ .root.Values.image.repository }}@{{ $digest }}
{{- else -}}
{{ .root.Values.image.repository }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}-{{ .flavour }}
{{- end }}
{{- end }}

{{/* The purposes of keys of a chain, as YAML: {list: [...]}. (root, stages) */}}
{{- define "deidstream.purposes" -}}
{{- $table := (.root.Files.Get "files/stages.yaml" | fromYaml).keys }}
{{- $found := list }}
{{- range $stage := .stages }}
{{- range get $table $stage }}
{{- if hasSuffix ".*" . }}
{{- $family := trimSuffix ".*" . }}
{{- range dig "resolver" "projects" list $.root.Values.config }}{{ $found = append $found (printf "%s.%s" $family .name) }}{{ end }}
{{- else }}{{ $found = append $found . }}{{ end }}
{{- end }}
{{- end }}
{{- toYaml (dict "list" ($found | uniq | sortAlpha)) }}
{{- end }}

{{/* Pod Security "restricted", and more. */}}
{{- define "deidstream.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}
{{- define "deidstream.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Variables of the environment by which one is known to the broker and the database. (root, user) */}}
{{- define "deidstream.identity" -}}
{{- if .root.Values.kafka.servers }}
{{- $user := get .root.Values.kafka.users .user | default dict }}
{{- with get $user "user" }}
- {name: DEIDSTREAM_DEPLOYMENT__KAFKA__USER, value: {{ . | quote }}}
- {name: DEIDSTREAM_DEPLOYMENT__KAFKA__PASSWORD_FILE, value: /run/deidstream/kafka/password}
{{- end }}
{{- if get $user "certificate" }}
- {name: DEIDSTREAM_DEPLOYMENT__KAFKA__CERTIFICATE, value: /run/deidstream/kafka/certificate.pem}
- {name: DEIDSTREAM_DEPLOYMENT__KAFKA__KEY, value: /run/deidstream/kafka/key.pem}
{{- end }}
{{- end }}
{{- with .root.Values.database.password.secret }}
- name: PGPASSWORD
  valueFrom: {secretKeyRef: {name: {{ . }}, key: {{ $.root.Values.database.password.entry }}}}
{{- end }}
{{- end }}

{{/* Where what identifies us, and what we trust, is mounted from. (root, user) */}}
{{- define "deidstream.trust" -}}
{{- $kafka := .root.Values.kafka }}
{{- $user := get $kafka.users .user | default dict }}
{{- if and $kafka.servers (or $user $kafka.ca.secret) }}
- name: kafka
  projected:
    defaultMode: 0440
    sources:
    {{- if get $user "user" }}
    - secret: {name: {{ $user.secret }}, items: [{key: {{ get $user "password" | default "password" }}, path: password}]}
    {{- end }}
    {{- if get $user "certificate" }}
    - secret: {name: {{ $user.secret }}, items: [{key: {{ $user.certificate }}, path: certificate.pem}, {key: {{ $user.key }}, path: key.pem}]}
    {{- end }}
    {{- with $kafka.ca.secret }}
    - secret: {name: {{ . }}, items: [{key: {{ $kafka.ca.entry }}, path: ca.pem}]}
    {{- end }}
{{- end }}
{{- with .root.Values.database.ca.secret }}
- name: database
  secret: {secretName: {{ . }}, defaultMode: 0440, items: [{key: {{ $.root.Values.database.ca.entry }}, path: ca.crt}]}
{{- end }}
{{- end }}
{{- define "deidstream.trustMounts" -}}
{{- $user := get .root.Values.kafka.users .user | default dict }}
{{- if and .root.Values.kafka.servers (or $user .root.Values.kafka.ca.secret) }}
- {name: kafka, mountPath: /run/deidstream/kafka, readOnly: true}
{{- end }}
{{- if .root.Values.database.ca.secret }}
- {name: database, mountPath: /run/deidstream/database, readOnly: true}
{{- end }}
{{- end }}
