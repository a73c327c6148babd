// Package NAME stands for a cloud's seal, which these tests do not use and which is long to compile.
package NAME

import wrapping "github.com/hashicorp/go-kms-wrapping/v2"

// Names that are asked for.
const (
	KmsConfigKeyId              = "key_id"
	KmsConfigCryptoEndpoint     = "crypto_endpoint"
	KmsConfigManagementEndpoint = "management_endpoint"
)

// Wrapper wraps nothing: a server that is told to use it ends.
type Wrapper struct{ wrapping.Wrapper }

// NewWrapper makes one.
func NewWrapper() *Wrapper { return &Wrapper{} }

// WithLogger logs nothing.
func WithLogger(any) wrapping.Option { return func() any { return nil } }
