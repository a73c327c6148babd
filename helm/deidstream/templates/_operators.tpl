{{/* What goes without saying of resources that hold data: `helm uninstall` leaves them, and a change of chart restarts nothing. */}}
{{- define "deidstream.kept" -}}
labels:
  app.kubernetes.io/name: deidstream
  app.kubernetes.io/instance: {{ .Release.Name }}
  app.kubernetes.io/managed-by: {{ .Release.Service }}
annotations: {helm.sh/resource-policy: keep}
{{- end }}

{{/* How many copies of each record there are. */}}
{{- define "deidstream.copies" -}}
{{- dig "deployment" "kafka" "replication" (min 3 (int .Values.kafka.strimzi.brokers.replicas)) .Values.config | default (min 3 (int .Values.kafka.strimzi.brokers.replicas)) }}
{{- end }}

{{/* What one user of the broker may, as `deidstream topics rights` says it. YAML: {list: [{kind, name, operations, prefixed}]}. (root, user) */}}
{{- define "deidstream.rights" -}}
{{- $table := (.root.Files.Get "files/stages.yaml" | fromYaml).rights }}
{{- $destinations := dig "delivery" "destinations" list .root.Values.config }}
{{- $found := list }}
{{- if eq .user "lag" }}
{{- $found = $table.lag }}
{{- range $destinations }}{{ $found = append $found (dict "kind" "group" "name" (printf "delivery.%s" .name) "operations" (list "describe")) }}{{ end }}
{{- else if eq .user "monitor" }}
{{- $found = $table.monitor }}
{{- if .root.Values.monitor.canaries.secret }}{{ $found = concat $found $table.canaries }}{{ end }}
{{- else }}
{{- $stages := (get (include "deidstream.chains" .root | fromYaml) .user).stages }}
{{- $looped := list }}
{{- range $stage := $stages }}
{{- range get $table.stages $stage }}{{ if not (has . $found) }}{{ $found = append $found . }}{{ end }}{{ end }}
{{- if not (has $stage (list "ingest" "delivery")) }}{{ $looped = append $looped $stage }}{{ end }}
{{- end }}
{{- if $looped }}
{{- $found = append $found (dict "kind" "group" "name" "deidstream" "operations" (list "read")) }}
{{- $found = append $found (dict "kind" "transactional-id" "name" (printf "deidstream.deidstream.%s" (join "+" $looped)) "operations" (list "write") "prefixed" true) }}
{{- end }}
{{- if has "delivery" $stages }}
{{- range $destinations }}{{ if eq .kind "topic" }}{{ $found = append $found (dict "kind" "topic" "name" .topic "operations" (list "write")) }}{{ end }}{{ end }}
{{- end }}
{{- end }}
{{- toYaml (dict "list" $found) }}
{{- end }}

{{/* What a schema cannot say of them. */}}
{{- define "deidstream.checkOperators" -}}
{{- $strimzi := .Values.kafka.strimzi }}
{{- if $strimzi.enabled }}
{{- if .Values.kafka.servers }}{{ fail "kafka.servers: kafka.strimzi makes the brokers: leave one of the two out" }}{{ end }}
{{- range $name, $user := .Values.kafka.users }}{{ if $user }}{{ fail (printf "kafka.users.%s: kafka.strimzi makes the users: leave it out" $name) }}{{ end }}{{ end }}
{{- if gt (int (include "deidstream.copies" .)) (int $strimzi.brokers.replicas) }}{{ fail (printf "config.deployment.kafka.replication: %s copies need as many brokers: raise kafka.strimzi.brokers.replicas" (include "deidstream.copies" .)) }}{{ end }}
{{- if eq (mod (int $strimzi.controllers.replicas) 2) 0 }}{{ if gt (int $strimzi.controllers.replicas) 0 }}{{ fail "kafka.strimzi.controllers.replicas: an odd number, which outlives the loss of half; 0: the brokers are controllers too" }}{{ end }}{{ end }}
{{- end }}
{{- if and .Values.database.operator.enabled .Values.database.url }}{{ fail "database.url: database.operator makes the database: leave one of the two out" }}{{ end }}
{{- if and .Values.database.operator.enabled (or .Values.database.password.secret .Values.database.ca.secret) }}{{ fail "database.password, database.ca: database.operator makes these Secrets: leave them out" }}{{ end }}
{{- if and .Values.monitor.enabled (not (or .Values.kafka.servers $strimzi.enabled)) }}{{ fail "monitor.enabled: the monitor watches Kafka: name kafka.servers, or take it out" }}{{ end }}
{{- if and (hasKey .Values.config "monitor") (not .Values.monitor.enabled) }}{{ fail "config.monitor: nobody would read it: set monitor.enabled" }}{{ end }}
{{- range $name := list "health" "canaries" "baseline" }}
{{- if hasKey (get $.Values.config "monitor" | default dict) $name }}{{ fail (printf "config.monitor.%s: follows from section monitor of the values: leave it out" $name) }}{{ end }}
{{- end }}
{{- if .Values.triton.enabled }}
{{- $folder := get (dig "text" "tagger" dict .Values.config | default dict) "folder" | default "" }}
{{- if not (or $folder .Values.triton.pictures) }}{{ fail "triton.enabled: it would serve nothing: name config.text.tagger.folder (standard or fast), or set triton.pictures" }}{{ end }}
{{- if and $folder (not (has $folder (list "standard" "fast"))) }}{{ fail "triton.enabled: config.text.tagger.folder must be standard or fast: one of your own is pushed by `deidstream models push` to a server of your own" }}{{ end }}
{{- if and .Values.triton.pictures (not (has "image" (include "deidstream.hosted" . | fromYaml).list)) }}{{ fail "triton.pictures: nobody looks at pictures: name a chain with image and heads, or leave it out" }}{{ end }}
{{- if and (eq .Values.triton.backend "python") (gt (int .Values.triton.gpus) 0) }}{{ fail "triton.gpus: the backend python runs models on processors: set it to 0" }}{{ end }}
{{- if not .Values.triton.tls.secret }}{{ fail (printf "triton.tls.secret: what patients' texts and pictures say would cross the network in the clear: name a Secret with tls.crt, tls.key and ca.crt for the host %s-triton" (include "deidstream.name" .)) }}{{ end }}
{{- if get (get (dig "text" "tagger" dict .Values.config | default dict) "triton" | default dict) "address" }}{{ fail "config.text.tagger.triton.address: triton.enabled makes the server: leave one of the two out" }}{{ end }}
{{- if get (dig "image" "triton" dict .Values.config | default dict) "address" }}{{ fail "config.image.triton.address: triton.enabled makes the server: leave it out, and set triton.pictures" }}{{ end }}
{{- end }}
{{- if and (eq .Values.autoscaling.keda "always") (not (or .Values.kafka.servers $strimzi.enabled)) }}{{ fail "autoscaling.keda: without Kafka there is no lag to scale by: set it to auto" }}{{ end }}
{{- if and (eq .Values.autoscaling.keda "always") .Values.kafka.servers (ne .Values.kafka.protocol "PLAINTEXT") (not (get .Values.kafka.users "lag")) }}{{ fail "kafka.users.lag: KEDA asks the brokers how far each chain is behind: give it a user (`deidstream topics rights --lag`), or set autoscaling.keda to auto" }}{{ end }}
{{- range $name, $chain := include "deidstream.chains" . | fromYaml }}{{ include "deidstream.checkMost" (dict "root" $ "name" $name "chain" $chain) }}{{ end }}
{{- include "deidstream.checkExternal" . }}
{{- end }}

{{/* More processes than there are shares of the work would idle. (root, name, chain) */}}
{{- define "deidstream.checkMost" -}}
{{- $most := int (.chain.maxReplicas | default 0) }}
{{- $partitions := int (dig "deployment" "kafka" "partitions" 8 .root.Values.config) }}
{{- $destinations := len (dig "delivery" "destinations" list .root.Values.config) }}
{{- $feeds := int (include "deidstream.feeds" .root) }}
{{- if and (has "identify" .chain.stages) (gt $most $feeds) }}{{ fail (printf "chains.%s.maxReplicas: identify reads each feed with one process, and there are %d: lower it" .name $feeds) }}{{ end }}
{{- if and (has "delivery" .chain.stages) (gt $most $destinations) }}{{ fail (printf "chains.%s.maxReplicas: a destination has one process at a time, and there are %d: lower it" .name $destinations) }}{{ end }}
{{- if and (ne (join "" .chain.stages) "ingest") (gt $most $partitions) }}{{ fail (printf "chains.%s.maxReplicas: a partition has one process at a time, and there are %d: lower it, or raise config.deployment.kafka.partitions" .name $partitions) }}{{ end }}
{{- end }}

{{/* How many sources ingest has. */}}
{{- define "deidstream.feeds" -}}
{{- $found := 0 }}
{{- range $kind := list "mllp" "dicom" "folders" "buckets" "topics" }}{{ $found = add $found (len (dig "ingest" $kind list $.Values.config)) }}{{ end }}
{{- range $kind := list "fhir" "stow" }}{{ range dig "ingest" $kind list $.Values.config }}{{ $found = add $found (len (get . "sources" | default list)) }}{{ end }}{{ end }}
{{- $found }}
{{- end }}

{{/* What keys.external may name. */}}
{{- define "deidstream.checkExternal" -}}
{{- $external := .Values.keys.external }}
{{- $kms := .Values.keys.kms }}
{{- if and .Values.keys.vault.address $kms.key }}{{ fail "keys.kms.key: it wraps keys in Secrets, and keys.vault.address says that there are none: leave one of the two out" }}{{ end }}
{{- if and $kms.key (not $kms.region) }}{{ fail "keys.kms.region: say where the key is" }}{{ end }}
{{- range $name, $role := $kms.roles }}
{{- if and $role (not $kms.key) }}{{ fail "keys.kms.roles: name the key that they are for: keys.kms.key" }}{{ end }}
{{- if and $role (not (include "deidstream.keyed" (dict "root" $ "user" $name))) }}{{ fail (printf "keys.kms.roles.%s: no such chain has keys" $name) }}{{ end }}
{{- end }}
{{- if and $external.credentials (not $external.store.name) }}{{ fail "keys.external.credentials: name the store they come from: keys.external.store.name" }}{{ end }}
{{- $mentioned := toYaml (omit .Values "keys") }}
{{- range $secret, $entries := $external.credentials }}
{{- if and $entries (not (regexMatch (printf "(?m): %s$" (regexQuoteMeta $secret)) $mentioned)) }}{{ fail (printf "keys.external.credentials.%s: no value names such a Secret" $secret) }}{{ end }}
{{- end }}
{{- end }}
