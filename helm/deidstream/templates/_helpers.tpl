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

{{/* Whether a chain asks models on Triton: that of texts, or those of pictures, where there are any to look at. (root, stages) */}}
{{- define "deidstream.asksTriton" -}}
{{- $looks := eq (include "deidstream.flavour" (dict "root" .root "stages" .stages)) "image" }}
{{- $pictures := or .root.Values.triton.pictures (hasKey (get .root.Values.config "image" | default dict) "triton") }}
{{- if or (has "text" .stages) (and $looks $pictures) }}yes{{ end }}
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

{{/* The bus as it is: what the values name, or what Strimzi makes of them. YAML: {servers, prefix, protocol, mechanism, ca, users}. */}}
{{- define "deidstream.kafka" -}}
{{- $kafka := pick .Values.kafka "servers" "prefix" "protocol" "mechanism" "ca" "users" | deepCopy }}
{{- if .Values.kafka.strimzi.enabled }}
{{- $cluster := include "deidstream.name" . }}
{{- $tls := eq .Values.kafka.strimzi.authentication "tls" }}
{{- $users := dict }}
{{- range (include "deidstream.users" . | fromYaml).list }}
{{- $name := printf "%s-%s" $cluster . }}
{{- $_ := set $users . (ternary (dict "secret" $name "certificate" "user.crt" "key" "user.key") (dict "secret" $name "user" $name) $tls) }}
{{- end }}
{{- $kafka = dict "servers" (printf "%s-kafka-bootstrap.%s.svc:9093" $cluster .Release.Namespace) "prefix" .Values.kafka.prefix "users" $users }}
{{- $_ := set $kafka "protocol" (ternary "SSL" "SASL_SSL" $tls) }}
{{- $_ := set $kafka "mechanism" "SCRAM-SHA-512" }}
{{- $_ := set $kafka "ca" (dict "secret" (printf "%s-cluster-ca-cert" $cluster) "entry" "ca.crt") }}
{{- end }}
{{- toYaml $kafka }}
{{- end }}

{{/* Who comes to the broker, as YAML: {list: [...]}. Strimzi makes topics, so nobody else need. */}}
{{- define "deidstream.users" -}}
{{- $users := keys (include "deidstream.chains" . | fromYaml) | sortAlpha }}
{{- if and .Values.setup.enabled (not .Values.kafka.strimzi.enabled) }}{{ $users = append $users "setup" }}{{ end }}
{{- if .Values.monitor.enabled }}{{ $users = append $users "monitor" }}{{ end }}
{{- if and .Values.kafka.strimzi.enabled (include "deidstream.keda" .) }}{{ $users = append $users "lag" }}{{ end }}
{{- toYaml (dict "list" $users) }}
{{- end }}

{{/* Whether a process comes to the brokers: all but the setup beside Strimzi, which makes the topics, and makes them later. (root, user) */}}
{{- define "deidstream.asksKafka" -}}
{{- $strimzi := .root.Values.kafka.strimzi.enabled }}
{{- if and (or $strimzi .root.Values.kafka.servers) (not (and $strimzi (eq .user "setup"))) -}}
true
{{- end }}
{{- end }}

{{/* The database as it is: what the values name, or what the operator makes. YAML: {url, password, ca}. */}}
{{- define "deidstream.database" -}}
{{- if .Values.database.operator.enabled }}
{{- $cluster := printf "%s-postgres" (include "deidstream.name" .) }}
{{- $database := dict "password" (dict "secret" (printf "%s-app" $cluster) "entry" "password") "ca" (dict "secret" (printf "%s-ca" $cluster) "entry" "ca.crt") }}
{{- $_ := set $database "url" (printf "postgresql://deidstream@%s-rw.%s.svc/deidstream?sslmode=verify-full&sslrootcert=/run/deidstream/database/ca.crt" $cluster .Release.Namespace) }}
{{- toYaml $database }}
{{- else }}
{{- toYaml (pick .Values.database "url" "password" "ca") }}
{{- end }}
{{- end }}

{{/* "true" where KEDA scales: by value, or where the cluster knows its resources and may be asked about lag. */}}
{{- define "deidstream.keda" -}}
{{- $scaling := .Values.autoscaling }}
{{- $known := .Capabilities.APIVersions.Has "keda.sh/v1alpha1" }}
{{- $asked := or .Values.kafka.strimzi.enabled (eq .Values.kafka.protocol "PLAINTEXT") (get .Values.kafka.users "lag") }}
{{- if and (or .Values.kafka.servers .Values.kafka.strimzi.enabled) (or (eq $scaling.keda "always") (and (eq $scaling.keda "auto") $known $asked)) -}}
true
{{- end }}
{{- end }}

{{/* Before each topic and group: "" or "PREFIX.". */}}
{{- define "deidstream.prefixed" -}}
{{- with .Values.kafka.prefix }}{{ . }}.{{ end }}
{{- end }}

{{/* Whether a process has keys: a chain, or the monitor that looks into releases. (root, user) */}}
{{- define "deidstream.keyed" -}}
{{- if or (hasKey (include "deidstream.chains" .root | fromYaml) .user) (and (eq .user "monitor") .root.Values.monitor.canaries.secret) -}}
true
{{- end }}
{{- end }}

{{/* As whom a process comes to Vault. (root, user) */}}
{{- define "deidstream.vaultRole" -}}
{{- $chain := get (include "deidstream.chains" .root | fromYaml) .user | default dict }}
{{- printf "%s-%s" .root.Values.keys.vault.role (first (get $chain "stages" | default (list .user))) }}
{{- end }}

{{/* Variables of the environment by which one is known to the broker, the database and Vault. (root, user) */}}
{{- define "deidstream.identity" -}}
{{- if .root.Values.keys.vault.address }}
- {name: DEIDSTREAM_DEPLOYMENT__VAULT__ROLE, value: {{ include "deidstream.vaultRole" . }}}
{{- end }}
{{- $kafka := include "deidstream.kafka" .root | fromYaml }}
{{- $database := include "deidstream.database" .root | fromYaml }}
{{- if include "deidstream.asksKafka" . }}
{{- $user := get $kafka.users .user | default dict }}
{{- with get $user "user" }}
- {name: DEIDSTREAM_DEPLOYMENT__KAFKA__USER, value: {{ . | quote }}}
- {name: DEIDSTREAM_DEPLOYMENT__KAFKA__PASSWORD_FILE, value: /run/deidstream/kafka/password}
{{- end }}
{{- if get $user "certificate" }}
- {name: DEIDSTREAM_DEPLOYMENT__KAFKA__CERTIFICATE, value: /run/deidstream/kafka/certificate.pem}
- {name: DEIDSTREAM_DEPLOYMENT__KAFKA__KEY, value: /run/deidstream/kafka/key.pem}
{{- end }}
{{- end }}
{{- if and $database.password.secret (ne .user "monitor") }}
- name: PGPASSWORD
  valueFrom: {secretKeyRef: {name: {{ $database.password.secret }}, key: {{ $database.password.entry }}}}
{{- end }}
{{- end }}

{{/* Where what identifies us, and what we trust, is mounted from. (root, user) */}}
{{- define "deidstream.trust" -}}
{{- $kafka := include "deidstream.kafka" .root | fromYaml }}
{{- $database := include "deidstream.database" .root | fromYaml }}
{{- $user := get $kafka.users .user | default dict }}
{{- if and (include "deidstream.asksKafka" .) (or $user $kafka.ca.secret) }}
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
{{- if and $database.ca.secret (ne .user "monitor") }}
- name: database
  secret: {secretName: {{ $database.ca.secret }}, defaultMode: 0440, items: [{key: {{ $database.ca.entry }}, path: ca.crt}]}
{{- end }}
{{- with .root.Values.keys.vault }}
{{- if and .address (include "deidstream.keyed" $) }}
# A token for Vault alone, which the kubelet replaces before it expires.
- name: vault
  projected:
    defaultMode: 0440
    sources:
    - serviceAccountToken: {path: token, audience: {{ .audience }}, expirationSeconds: 3600}
    {{- with .ca.secret }}
    - secret: {name: {{ . }}, items: [{key: {{ $.root.Values.keys.vault.ca.entry }}, path: ca.crt}]}
    {{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- define "deidstream.trustMounts" -}}
{{- $kafka := include "deidstream.kafka" .root | fromYaml }}
{{- $database := include "deidstream.database" .root | fromYaml }}
{{- $user := get $kafka.users .user | default dict }}
{{- if and (include "deidstream.asksKafka" .) (or $user $kafka.ca.secret) }}
- {name: kafka, mountPath: /run/deidstream/kafka, readOnly: true}
{{- end }}
{{- if and $database.ca.secret (ne .user "monitor") }}
- {name: database, mountPath: /run/deidstream/database, readOnly: true}
{{- end }}
{{- if and .root.Values.keys.vault.address (include "deidstream.keyed" .) }}
- {name: vault, mountPath: /run/deidstream/vault, readOnly: true}
{{- end }}
{{- end }}

{{/* The volume with what the bucket asks for; '' where there is no bucket. */}}
{{- define "deidstream.artifactsVolume" -}}
{{- $root := . }}
{{- with .Values.artifacts }}
{{- if .url -}}
- name: artifacts
  projected:
    defaultMode: 0440
    sources:
      {{- with .credentials.secret }}
      - secret: {name: {{ . }}, items: [{key: {{ $root.Values.artifacts.credentials.entry }}, path: credentials}]}
      {{- end }}
      {{- with .ca.secret }}
      - secret: {name: {{ . }}, items: [{key: {{ $root.Values.artifacts.ca.entry }}, path: ca.crt}]}
      {{- end }}
{{- end }}
{{- end }}
{{- end }}
