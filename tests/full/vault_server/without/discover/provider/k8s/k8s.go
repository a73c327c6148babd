// Package k8s stands for the search in Kubernetes.
package k8s

import (
	"errors"
	"log"
)

// Provider finds none.
type Provider struct{}

// Addrs fails.
func (*Provider) Addrs(map[string]string, *log.Logger) ([]string, error) {
	return nil, errors.New("not in this server")
}

// Help says nothing.
func (*Provider) Help() string { return "" }
