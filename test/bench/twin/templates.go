package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Templates are the objects of a profile as our own synthesis has made them of one, with stamps and hashes.
type templates struct {
	// What stands in the texts where a profile has its own.
	Name, Namespace, UID string
	// By the value of the field that is edited.
	Variants map[string]variant
}

// A variant is applied stage by stage, each at once.
type variant struct {
	Stages [][]template
}

type template struct {
	Kind string
	// Name without that of the profile.
	Suffix string
	Tier   string
	// Hash of what is sent; the text carries it as an annotation.
	Hash string
	// The object as JSON.
	Text string
}

func readTemplates(file string) (*templates, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	read := &templates{}
	return read, json.Unmarshal(text, read)
}

func (t *templates) variantOf(profile *Profile) (variant, error) {
	value := strconv.Itoa(profile.Spec.Edge.RateLimit.API.Burst)
	found, ok := t.Variants[value]
	if !ok {
		return variant{}, fmt.Errorf("no templates for a burst of %s", value)
	}
	return found, nil
}

// ObjectOf is the object of this very profile.
func (t *templates) objectOf(profile *Profile, from template) (*unstructured.Unstructured, error) {
	own := strings.NewReplacer(t.Name, profile.Name, t.Namespace, profile.Namespace, t.UID, string(profile.UID))
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON([]byte(own.Replace(from.Text))); err != nil {
		return nil, err
	}
	if from.Kind == "ControllerRevision" {
		object.Object["revision"] = profile.Generation
	}
	return object, nil
}
