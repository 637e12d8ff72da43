package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// selfSigned is what a machine in maintenance mode shows: nobody can know it yet.
func selfSigned() (tls.Certificate, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := certificate(pkix.Name{CommonName: "maintenance-service.talos.dev"}, x509.ExtKeyUsageServerAuth)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// serverCertificate is signed by the authority in the configuration.
func serverCertificate(authority tls.Certificate, name string, addresses ...net.IP) (tls.Certificate, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := certificate(pkix.Name{CommonName: name}, x509.ExtKeyUsageServerAuth)
	template.IPAddresses = addresses
	der, err := sign(template, authority, key.Public())
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}

// administrator signs a client of Kubernetes, as PEM.
func administrator(authority tls.Certificate) (crt, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := certificate(pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}}, x509.ExtKeyUsageClientAuth)
	der, err := sign(template, authority, private.Public())
	if err != nil {
		return nil, nil, err
	}
	secret, err := x509.MarshalECPrivateKey(private)
	return encode("CERTIFICATE", der), encode("EC PRIVATE KEY", secret), err
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func certificate(subject pkix.Name, usage x509.ExtKeyUsage) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err)
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial, Subject: subject, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(365 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage},
	}
}

func sign(template *x509.Certificate, authority tls.Certificate, public crypto.PublicKey) ([]byte, error) {
	issuer, err := x509.ParseCertificate(authority.Certificate[0])
	if err != nil {
		return nil, err
	}
	return x509.CreateCertificate(rand.Reader, template, issuer, public, authority.PrivateKey)
}
