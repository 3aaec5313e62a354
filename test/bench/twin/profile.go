package main

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var profileKind = schema.GroupVersionKind{
	Group: "performance.bahamm.ir", Version: "v1alpha1", Kind: "PerformanceProfile",
}

// Profile has of the custom resource what the twin looks at: the rest is not even decoded.
type Profile struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              ProfileSpec   `json:"spec"`
	Status            ProfileStatus `json:"status,omitempty"`
}

// ProfileSpec holds the one field that the bench edits: it chooses the variant of the templates.
type ProfileSpec struct {
	Edge struct {
		RateLimit struct {
			API struct {
				Burst int `json:"burst"`
			} `json:"api"`
		} `json:"rateLimit"`
	} `json:"edge"`
}

// ProfileStatus is what the twin writes.
type ProfileStatus struct {
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
	Tiers              map[string]string  `json:"tiers,omitempty"`
}

// ProfileList is what the scheme asks for.
type ProfileList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Profile `json:"items"`
}

func (p *Profile) DeepCopyObject() runtime.Object {
	out := *p
	p.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Status.Conditions = append([]metav1.Condition(nil), p.Status.Conditions...)
	out.Status.Tiers = make(map[string]string, len(p.Status.Tiers))
	for tier, ready := range p.Status.Tiers {
		out.Status.Tiers[tier] = ready
	}
	return &out
}

func (l *ProfileList) DeepCopyObject() runtime.Object {
	out := *l
	out.Items = make([]Profile, len(l.Items))
	for index := range l.Items {
		out.Items[index] = *l.Items[index].DeepCopyObject().(*Profile)
	}
	return &out
}

func addProfile(scheme *runtime.Scheme) error {
	version := profileKind.GroupVersion()
	scheme.AddKnownTypeWithName(profileKind, &Profile{})
	scheme.AddKnownTypeWithName(version.WithKind(profileKind.Kind+"List"), &ProfileList{})
	metav1.AddToGroupVersion(scheme, version)
	return nil
}
