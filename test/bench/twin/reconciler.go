package main

import (
	"context"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

type reconciler struct {
	client.Client
	templates *templates
	memory    *memory
	plain     bool
}

// Reconcile applies what is not as it should be, stage by stage, and says in the status how far it is.
func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	profile := &Profile{}
	if err := r.Get(ctx, request.NamespacedName, profile); err != nil {
		if apierrors.IsNotFound(err) {
			r.memory.forget(request.NamespacedName)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	wanted, err := r.templates.variantOf(profile)
	if err != nil {
		return ctrl.Result{}, err
	}
	r.memory.start(request.NamespacedName, profile.UID)
	for _, stage := range wanted.Stages {
		if err := r.applyStage(ctx, profile, stage); err != nil {
			return ctrl.Result{}, err
		}
	}
	return ctrl.Result{}, r.writeStatus(ctx, profile, wanted)
}

func (r *reconciler) applyStage(ctx context.Context, profile *Profile, stage []template) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, one := range stage {
		if r.plain || !r.isCurrent(ctx, profile, one) {
			group.Go(func() error { return r.apply(ctx, profile, one) })
		}
	}
	return group.Wait()
}

// IsCurrent: it was sent like this, and nobody has taken fields of ours since.
func (r *reconciler) isCurrent(ctx context.Context, profile *Profile, one template) bool {
	name := profile.Name + one.Suffix
	sent, ok := r.memory.object(client.ObjectKeyFromObject(profile), refOf(one.Kind, name))
	if !ok || sent.desired != one.Hash {
		return false
	}
	live, err := r.read(ctx, one.Kind, types.NamespacedName{Namespace: profile.Namespace, Name: name})
	// Not there, and nothing was heard of a deletion: the cache has yet to hear of our own write.
	if err != nil || isOlder(live.GetResourceVersion(), sent.resourceVersion) {
		return apierrors.IsNotFound(err) || err == nil
	}
	annotations := live.GetAnnotations()
	return annotations[desiredHash] == one.Hash && annotations[ownedHash] == sent.owned
}

func (r *reconciler) read(ctx context.Context, kind string, key types.NamespacedName) (client.Object, error) {
	if kind == "Deployment" {
		deployment := &appsv1.Deployment{}
		return deployment, r.Get(ctx, key, deployment)
	}
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(kindNamed(kind))
	return object, r.Get(ctx, key, object)
}

func kindNamed(name string) schema.GroupVersionKind {
	for _, kind := range metadataKinds {
		if kind.Kind == name {
			return kind
		}
	}
	return schema.GroupVersionKind{Version: "v1", Kind: name}
}

func (r *reconciler) apply(ctx context.Context, profile *Profile, one template) error {
	object, err := r.templates.objectOf(profile, one)
	if err != nil {
		return err
	}
	configuration := client.ApplyConfigurationFromUnstructured(object)
	if err := r.Apply(ctx, configuration, client.FieldOwner(fieldManager), client.ForceOwnership); err != nil {
		return err
	}
	// The configuration now holds the answer.
	sent := record{one.Hash, ownershipHash(object.GetManagedFields()), object.GetResourceVersion()}
	r.memory.setObject(client.ObjectKeyFromObject(profile), refOf(one.Kind, object.GetName()), sent)
	return nil
}
