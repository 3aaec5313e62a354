package main

import (
	"strconv"
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// Record is what was sent for one object, and what the server then said of it.
type record struct {
	desired string
	// Hash of the fields that we own.
	owned           string
	resourceVersion string
}

// Memory of all profiles, lost with the process. Safe for use by many workers.
type memory struct {
	mutex    sync.RWMutex
	profiles map[types.NamespacedName]*profileMemory
}

type profileMemory struct {
	uid     types.UID
	objects map[string]record
	// The status as last written, and the version of the profile that this made.
	status          *ProfileStatus
	resourceVersion string
}

func newMemory() *memory {
	return &memory{profiles: map[types.NamespacedName]*profileMemory{}}
}

func refOf(kind, name string) string { return kind + "/" + name }

// Start makes room for this very profile: one of another uid begins anew.
func (m *memory) start(key types.NamespacedName, uid types.UID) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if held := m.profiles[key]; held == nil || held.uid != uid {
		m.profiles[key] = &profileMemory{uid: uid, objects: map[string]record{}}
	}
}

func (m *memory) forget(key types.NamespacedName) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	delete(m.profiles, key)
}

func (m *memory) object(key types.NamespacedName, ref string) (record, bool) {
	m.mutex.RLock()
	defer m.mutex.RUnlock()
	if held := m.profiles[key]; held != nil {
		found, ok := held.objects[ref]
		return found, ok
	}
	return record{}, false
}

func (m *memory) setObject(key types.NamespacedName, ref string, sent record) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if held := m.profiles[key]; held != nil {
		held.objects[ref] = sent
	}
}

func (m *memory) dropObject(key types.NamespacedName, ref string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if held := m.profiles[key]; held != nil {
		delete(held.objects, ref)
	}
}

func (m *memory) status(key types.NamespacedName) (*ProfileStatus, string) {
	m.mutex.RLock()
	defer m.mutex.RUnlock()
	if held := m.profiles[key]; held != nil {
		return held.status, held.resourceVersion
	}
	return nil, ""
}

func (m *memory) setStatus(key types.NamespacedName, status *ProfileStatus, resourceVersion string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if held := m.profiles[key]; held != nil {
		held.status, held.resourceVersion = status, resourceVersion
	}
}

// IsOlder compares resourceVersions, which are numbers.
func isOlder(version, than string) bool {
	one, _ := strconv.ParseUint(version, 10, 64)
	other, _ := strconv.ParseUint(than, 10, 64)
	return one < other
}
