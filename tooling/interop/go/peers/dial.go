package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// dial opens a connection to PEER_ADDRESS: in plaintext, or with the PEM files PEER_CA, PEER_CERT and PEER_KEY.
func dial() (*grpc.ClientConn, error) {
	security := insecure.NewCredentials()
	if authority := os.Getenv("PEER_CA"); authority != "" {
		pem, err := os.ReadFile(authority)
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, errors.New("PEER_CA holds no certificate")
		}
		settings := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
		if certificate := os.Getenv("PEER_CERT"); certificate != "" {
			pair, err := tls.LoadX509KeyPair(certificate, os.Getenv("PEER_KEY"))
			if err != nil {
				return nil, err
			}
			settings.Certificates = []tls.Certificate{pair}
		}
		security = credentials.NewTLS(settings)
	}
	return grpc.NewClient(os.Getenv("PEER_ADDRESS"), grpc.WithTransportCredentials(security))
}
