// The twin: the same operator as a careful author would write it in Go, for make bench. It serves the same custom
// resource with the same objects and the same status, and leaves out what only costs: it renders nothing (the objects
// come as templates, made by our own synthesis), derives and checks nothing, asks no process, writes no Events.
package main

import (
	"flag"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
)

// Of these nothing but the metadata is watched: the rest of them is never looked at.
var metadataKinds = []schema.GroupVersionKind{
	{Version: "v1", Kind: "ConfigMap"},
	{Version: "v1", Kind: "Service"},
	{Version: "v1", Kind: "ServiceAccount"},
	{Group: "apps", Version: "v1", Kind: "ControllerRevision"},
	{Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"},
	{Group: "policy", Version: "v1", Kind: "PodDisruptionBudget"},
}

func main() {
	templatesFile := flag.String("templates", "", "file with the objects of a profile, by variant")
	plain := flag.Bool("plain", false, "apply every object on each pass, as most operators do")
	workers := flag.Int("workers", 8, "passes at a time")
	flag.Parse()
	ctrl.SetLogger(zap.New())
	if err := run(*templatesFile, *plain, *workers); err != nil {
		ctrl.Log.Error(err, "ending after an error")
		os.Exit(1)
	}
}

func run(templatesFile string, plain bool, workers int) error {
	templates, err := readTemplates(templatesFile)
	if err != nil {
		return err
	}
	if err := addProfile(clientgoscheme.Scheme); err != nil {
		return err
	}
	manager, err := ctrl.NewManager(ctrl.GetConfigOrDie(), ctrl.Options{
		Scheme:                 clientgoscheme.Scheme,
		Cache:                  cacheOptions(),
		Metrics:                metricsserver.Options{BindAddress: "0"},
		HealthProbeBindAddress: "0",
	})
	if err != nil {
		return err
	}
	memory := newMemory()
	reconciler := &reconciler{Client: manager.GetClient(), templates: templates, memory: memory, plain: plain}
	owned := builder.WithPredicates(ownedChanges(memory, plain))
	controlledBy := ctrl.NewControllerManagedBy(manager).
		For(&Profile{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Owns(&appsv1.Deployment{}, owned).
		WithOptions(controller.Options{MaxConcurrentReconciles: workers})
	for _, kind := range metadataKinds {
		object := &metav1.PartialObjectMetadata{}
		object.SetGroupVersionKind(kind)
		controlledBy = controlledBy.Owns(object, owned, builder.OnlyMetadata)
	}
	if err := controlledBy.Complete(reconciler); err != nil {
		return err
	}
	return manager.Start(ctrl.SetupSignalHandler())
}
