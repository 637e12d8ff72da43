package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// snapshot is a database as etcd streams it: its file, then the SHA-256 of that. talosctl opens it and counts its keys.
func snapshot(directory string, revision uint64, keys map[string]string) ([]byte, error) {
	scratch, err := os.MkdirTemp(directory, "snapshot-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	path := filepath.Join(scratch, "db")
	if err := writeDatabase(path, revision, keys); err != nil {
		return nil, err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(content)
	return append(content, sum[:]...), nil
}

// damage changes a value: the database still looks sound, and only its SHA-256 tells.
func damage(content []byte) {
	at := bytes.LastIndex(content, []byte("/registry/"))
	content[at+len("/registry")] = '-'
}

func writeDatabase(path string, revision uint64, keys map[string]string) error {
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Update(func(tx *bbolt.Tx) error {
		for _, name := range []string{"alarm", "auth", "authRoles", "authUsers", "cluster", "key", "lease", "members", "members_removed", "meta"} {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		bucket := tx.Bucket([]byte("key"))
		main := revision
		for key, value := range keys {
			// A revision as etcd writes it: main, "_", sub.
			name := make([]byte, 17)
			binary.BigEndian.PutUint64(name, main)
			name[8] = '_'
			// mvccpb.KeyValue: field 1 is the key, field 5 the value.
			entry := append([]byte{0x0a, byte(len(key))}, key...)
			entry = append(append(entry, 0x2a, byte(len(value))), value...)
			if err := bucket.Put(name, entry); err != nil {
				return err
			}
			main++
		}
		return nil
	})
}
