package main

import (
	"context"
	"fmt"
	"reflect"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// WriteStatus writes it if it says anything new.
func (r *reconciler) writeStatus(ctx context.Context, profile *Profile, wanted variant) error {
	key := client.ObjectKeyFromObject(profile)
	before := &profile.Status
	if written, version := r.memory.status(key); written != nil && isOlder(profile.ResourceVersion, version) {
		before = written
	}
	status := r.statusOf(ctx, profile, before, wanted)
	if reflect.DeepEqual(before, status) {
		return nil
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(status)
	if err != nil {
		return err
	}
	object := &unstructured.Unstructured{Object: map[string]any{"status": content}}
	object.SetGroupVersionKind(profileKind)
	object.SetNamespace(profile.Namespace)
	object.SetName(profile.Name)
	object.SetUID(profile.UID)
	configuration := client.ApplyConfigurationFromUnstructured(object)
	owner := client.FieldOwner(statusManager)
	if err := r.Status().Apply(ctx, configuration, owner, client.ForceOwnership); err != nil {
		return err
	}
	r.memory.setStatus(key, status, object.GetResourceVersion())
	return nil
}

func (r *reconciler) statusOf(ctx context.Context, profile *Profile, before *ProfileStatus, wanted variant) *ProfileStatus {
	tiers, waitingFor := r.tiersOf(ctx, profile, wanted)
	ready := metav1.Condition{Type: "Ready", Status: "True", Reason: "Ready", Message: "all tiers are ready"}
	reconciling := metav1.Condition{Type: "Reconciling", Status: "False", Reason: "Settled", Message: "nothing left to do"}
	if waitingFor != "" {
		ready.Status, ready.Reason, ready.Message = "False", "RollingOut", waitingFor
		reconciling.Status, reconciling.Reason, reconciling.Message = "True", "RollingOut", waitingFor
	}
	stalled := metav1.Condition{Type: "Stalled", Status: "False", Reason: "Progressing", Message: "within its deadline"}
	valid := metav1.Condition{Type: "Valid", Status: "True", Reason: "Accepted", Message: "no findings"}
	conditions := []metav1.Condition{ready, reconciling, stalled, valid}
	for index := range conditions {
		settle(&conditions[index], before.Conditions, profile.Generation)
	}
	return &ProfileStatus{ObservedGeneration: profile.Generation, Conditions: conditions, Tiers: tiers}
}

// Settle keeps the time of the last transition unless there was one.
func settle(condition *metav1.Condition, before []metav1.Condition, generation int64) {
	condition.ObservedGeneration = generation
	condition.LastTransitionTime = metav1.NewTime(time.Now().Truncate(time.Second))
	for _, was := range before {
		if was.Type == condition.Type && was.Status == condition.Status {
			condition.LastTransitionTime = was.LastTransitionTime
		}
	}
}

// TiersOf counts ready pods of each tier, and names the first one that is not rolled out.
func (r *reconciler) tiersOf(ctx context.Context, profile *Profile, wanted variant) (map[string]string, string) {
	tiers, waitingFor := map[string]string{}, ""
	for _, stage := range wanted.Stages {
		for _, one := range stage {
			if one.Kind != "Deployment" {
				continue
			}
			deployment := &appsv1.Deployment{}
			key := types.NamespacedName{Namespace: profile.Namespace, Name: profile.Name + one.Suffix}
			found := r.Get(ctx, key, deployment) == nil
			now := progressOf(deployment)
			tiers[one.Tier] = fmt.Sprintf("%d/%d", min(now.ready, now.wanted), now.wanted)
			if waitingFor == "" && !(found && isRolledOut(now, deployment.Generation)) {
				waitingFor = "waiting for " + one.Tier
			}
		}
	}
	return tiers, waitingFor
}

func isRolledOut(now progress, generation int64) bool {
	return now.observed >= generation && now.updated >= now.wanted && now.total <= now.updated &&
		now.ready >= now.wanted && now.availableNow >= now.wanted
}
