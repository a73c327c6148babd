{{/* What a schema cannot say. Each message says what to do. */}}
{{- define "deidstream.check" -}}
{{- $chains := include "deidstream.chains" . | fromYaml }}
{{- $hosted := (include "deidstream.hosted" . | fromYaml).list }}
{{- range $stage := list "ingest" "identify" "fields" "text" "resolver" "writer" "delivery" }}
{{- if not (has $stage $hosted) }}{{ fail (printf "chains: no chain has the stage %q, and what reaches it would wait for ever: add it to one" $stage) }}{{ end }}
{{- end }}
{{- if ne (len $hosted) (len ($hosted | uniq)) }}{{ fail "chains: a stage stands in two chains: take it out of one, and give the other more replicas" }}{{ end }}
{{- if ne (has "image" $hosted) (has "heads" $hosted) }}{{ fail "chains: image and heads belong together: name both, or neither" }}{{ end }}
{{- if not .Values.kafka.servers }}
{{- if gt (len $chains) 1 }}{{ fail "kafka.servers: empty, so all stages must be in one chain: name the brokers, or see ci/small.yaml" }}{{ end }}
{{- range $name, $chain := $chains }}{{ if or (gt (int ($chain.replicas | default 1)) 1) (gt (int ($chain.maxReplicas | default 1)) 1) }}{{ fail (printf "chains.%s.replicas: more than one needs Kafka: name kafka.servers" $name) }}{{ end }}{{ end }}
{{- else }}
{{- if not .Values.database.url }}{{ fail "database.url: with Kafka there are several Pods, which share no disk: name a PostgreSQL database" }}{{ end }}
{{- $known := concat (keys $chains) (ternary (list "setup") list .Values.setup.enabled) }}
{{- range $name := $known }}
{{- $user := get $.Values.kafka.users $name | default dict }}
{{- if and (hasPrefix "SASL" $.Values.kafka.protocol) (not (and (get $user "user") (get $user "secret"))) }}{{ fail (printf "kafka.users.%s: protocol %s needs {user: NAME, secret: NAME}" $name $.Values.kafka.protocol) }}{{ end }}
{{- end }}
{{- range $name, $user := .Values.kafka.users }}{{ if and $user (not (has $name $known)) }}{{ fail (printf "kafka.users.%s: no such chain; there are %s" $name (join ", " ($known | sortAlpha))) }}{{ end }}{{ end }}
{{- end }}
{{- if and .Values.database.url (contains "passfile=" .Values.database.url) }}{{ fail "database.url: PostgreSQL reads no passfile that a group may read, as Secrets are mounted: use database.password" }}{{ end }}
{{- if regexMatch "://[^/@?]*:[^/@?]*@" .Values.database.url }}{{ fail "database.url: holds a password: use database.password" }}{{ end }}
{{- range $name := list "state" "bus" "database" "keys" "keys_provided" "artifacts" "artifacts_access" "chains" "replicas" "health" }}
{{- if hasKey (dig "deployment" dict $.Values.config) $name }}{{ fail (printf "config.deployment.%s: follows from other values: leave it out" $name) }}{{ end }}
{{- end }}
{{- range $name := list "protocol" "mechanism" "ca" "certificate" "key" "user" "password" "password_file" }}
{{- if hasKey (dig "deployment" "kafka" dict $.Values.config | default dict) $name }}{{ fail (printf "config.deployment.kafka.%s: give it in section kafka of the values" $name) }}{{ end }}
{{- end }}
{{- if and (eq .Values.configKind "ConfigMap") (regexMatch "(?m)^[ -]*(password|token|secret_key|access_key): " (toYaml .Values.config)) }}{{ fail "config: holds a password or token: set configKind to Secret" }}{{ end }}
{{- if not (dig "resolver" "projects" list .Values.config) }}{{ fail "config.resolver.projects: name at least one: nothing is released without" }}{{ end }}
{{- $ports := list }}
{{- range (include "deidstream.listeners" . | fromYaml).list }}
{{- if or (has (int .port) $ports) (eq (int .port) 9464) }}{{ fail (printf "config.ingest: two listeners have port %d (9464 is that of the health pages)" (int .port)) }}{{ end }}
{{- $ports = append $ports (int .port) }}
{{- end }}
{{- if .Values.networkPolicy.enabled }}{{ include "deidstream.checkPaths" . }}{{ end }}
{{- with .Values.test.source }}
{{- $names := list }}
{{- range dig "ingest" "mllp" list $.Values.config }}{{ if not (hasKey . "tls") }}{{ $names = append $names .name }}{{ end }}{{ end }}
{{- if not (has . $names) }}{{ fail (printf "test.source: config.ingest.mllp has no source %q without tls" .) }}{{ end }}
{{- end }}
{{- end }}

{{/* Whatever the configuration needs to reach has a named path. */}}
{{- define "deidstream.checkPaths" -}}
{{- $paths := .Values.networkPolicy }}
{{- $hint := "or set networkPolicy.enabled to false" }}
{{- if and .Values.kafka.servers (not (and $paths.kafka.to $paths.kafka.ports)) }}{{ fail (printf "networkPolicy.kafka: say where the brokers are (to, ports), %s" $hint) }}{{ end }}
{{- if and .Values.database.url (not $paths.database.to) }}{{ fail (printf "networkPolicy.database.to: say where the database is, %s" $hint) }}{{ end }}
{{- if and (hasPrefix "s3://" .Values.artifacts.url) (not $paths.artifacts.to) }}{{ fail (printf "networkPolicy.artifacts.to: say where the bucket is, %s" $hint) }}{{ end }}
{{- if and (dig "deployment" "otlp_endpoint" "" .Values.config) (not $paths.collector.to) }}{{ fail (printf "networkPolicy.collector.to: say where the collector is, %s" $hint) }}{{ end }}
{{- if and (contains "triton:" (toYaml .Values.config)) (not $paths.triton.to) }}{{ fail (printf "networkPolicy.triton.to: say where Triton is, %s" $hint) }}{{ end }}
{{- if and (include "deidstream.listeners" . | fromYaml).list (not $paths.senders) }}{{ fail (printf "networkPolicy.senders: say who may send to the listeners of ingest, %s" $hint) }}{{ end }}
{{- range dig "delivery" "destinations" list .Values.config }}
{{- if and (has .kind (list "mllp" "fhir" "dicom" "stow" "bucket" "kafka")) (not $paths.destinations) }}{{ fail (printf "networkPolicy.destinations: say where %q is, %s" .name $hint) }}{{ end }}
{{- end }}
{{- end }}
