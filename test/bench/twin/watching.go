package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
)

const (
	fieldManager  = "pitcrew"
	statusManager = "pitcrew-status"
	desiredHash   = "performance.bahamm.ir/desired-hash"
	// Where the cache keeps the hash of the fields that we own; no object on the server has it.
	ownedHash = "twin/owned-hash"
)

func cacheOptions() cache.Options {
	shared := true
	return cache.Options{
		DefaultLabelSelector: labels.SelectorFromSet(labels.Set{"app.kubernetes.io/managed-by": "pitcrew"}),
		DefaultTransform:     digest,
		// Nothing that is read from the cache is changed.
		DefaultUnsafeDisableDeepCopy: &shared,
		ByObject:                     map[client.Object]cache.ByObject{&Profile{}: {Label: labels.Everything()}},
	}
}

// Digest keeps of an object what is compared, and nothing else.
func digest(object any) (any, error) {
	switch typed := object.(type) {
	case *Profile:
		typed.ManagedFields = nil
	case *appsv1.Deployment:
		digestMeta(typed)
		typed.Spec = appsv1.DeploymentSpec{Replicas: typed.Spec.Replicas}
		typed.Status.Conditions = nil
	case *metav1.PartialObjectMetadata:
		digestMeta(typed)
	}
	return object, nil
}

func digestMeta(object metav1.Object) {
	annotations := object.GetAnnotations()
	owned := annotations[ownedHash]
	if managed := object.GetManagedFields(); managed != nil {
		owned = ownershipHash(managed)
	}
	object.SetAnnotations(map[string]string{desiredHash: annotations[desiredHash], ownedHash: owned})
	object.SetManagedFields(nil)
	object.SetLabels(nil)
}

// OwnershipHash is a hash of the fields that we own. Sorted, since the server's order differs between list and watch.
func ownershipHash(managed []metav1.ManagedFieldsEntry) string {
	for _, entry := range managed {
		if entry.Manager != fieldManager || entry.Operation != metav1.ManagedFieldsOperationApply ||
			entry.Subresource != "" || entry.FieldsV1 == nil {
			continue
		}
		var fields any
		if json.Unmarshal(entry.FieldsV1.Raw, &fields) != nil {
			return ""
		}
		sorted, _ := json.Marshal(fields)
		sum := sha256.Sum256(sorted)
		return hex.EncodeToString(sum[:])
	}
	return ""
}

// OwnedChanges lets through what says something new. In the plain variant everything comes through.
func ownedChanges(memory *memory, plain bool) predicate.Predicate {
	if plain {
		return predicate.Funcs{}
	}
	return predicate.Funcs{
		CreateFunc: func(created event.CreateEvent) bool { return !isEcho(memory, created.Object) },
		UpdateFunc: func(updated event.UpdateEvent) bool {
			return hasMeaning(updated.ObjectOld, updated.ObjectNew) && !isEcho(memory, updated.ObjectNew)
		},
		DeleteFunc: func(deleted event.DeleteEvent) bool {
			if key, ok := profileOf(deleted.Object); ok {
				memory.dropObject(key, refOf(kindOf(deleted.Object), deleted.Object.GetName()))
			}
			return true
		},
	}
}

// IsEcho tells whether the event is that of a write of ours.
func isEcho(memory *memory, object client.Object) bool {
	key, ok := profileOf(object)
	if !ok {
		return false
	}
	sent, ok := memory.object(key, refOf(kindOf(object), object.GetName()))
	return ok && sent.resourceVersion == object.GetResourceVersion()
}

func hasMeaning(before, after client.Object) bool {
	was, is := before.GetAnnotations(), after.GetAnnotations()
	if was[desiredHash] != is[desiredHash] || was[ownedHash] != is[ownedHash] {
		return true
	}
	if before.GetGeneration() != after.GetGeneration() {
		return true
	}
	if (before.GetDeletionTimestamp() == nil) != (after.GetDeletionTimestamp() == nil) {
		return true
	}
	one, isDeployment := before.(*appsv1.Deployment)
	other, _ := after.(*appsv1.Deployment)
	return isDeployment && progressOf(one) != progressOf(other)
}

// Progress of a Deployment as far as a status tells it.
type progress struct {
	observed                                    int64
	wanted, total, updated, ready, availableNow int32
}

func progressOf(deployment *appsv1.Deployment) progress {
	wanted := int32(1)
	if deployment.Spec.Replicas != nil {
		wanted = *deployment.Spec.Replicas
	}
	status := deployment.Status
	return progress{
		status.ObservedGeneration, wanted, status.Replicas, status.UpdatedReplicas, status.ReadyReplicas,
		status.AvailableReplicas,
	}
}

// Typed objects come without their kind.
func kindOf(object client.Object) string {
	if _, isDeployment := object.(*appsv1.Deployment); isDeployment {
		return "Deployment"
	}
	return object.GetObjectKind().GroupVersionKind().Kind
}

func profileOf(object client.Object) (types.NamespacedName, bool) {
	owner := metav1.GetControllerOf(object)
	if owner == nil || owner.Kind != profileKind.Kind {
		return types.NamespacedName{}, false
	}
	return types.NamespacedName{Namespace: object.GetNamespace(), Name: owner.Name}, true
}
