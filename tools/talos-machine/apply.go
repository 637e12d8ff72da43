package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// metal asks most of a configuration.
type metal struct{ installed bool }

func (metal) String() string          { return "metal" }
func (m metal) RequiresInstall() bool { return !m.installed }
func (metal) InContainer() bool       { return false }

// ApplyConfiguration implements machine.MachineServiceServer; the checks, modes and words are Talos's own.
func (s *Service) ApplyConfiguration(ctx context.Context, request *machine.ApplyConfigurationRequest) (*machine.ApplyConfigurationResponse, error) {
	n := targetOf(ctx)
	provider, err := configloader.NewFromBytes(request.Data)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	if provider.RawV1Alpha1() == nil {
		return nil, status.Error(codes.InvalidArgument, "the applied machine configuration doesn't contain v1alpha1 config, did you mean to patch the machine config instead?")
	}
	n.park.mu.Lock()
	defer n.park.mu.Unlock()
	warnings, err := provider.Validate(metal{installed: n.config != nil})
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, "configuration validation failed: "+err.Error())
	}
	answer := &machine.ApplyConfiguration{Warnings: warnings, Mode: request.Mode}
	if n.config == nil {
		err = n.firstConfiguration(request, answer)
	} else {
		err = n.nextConfiguration(request, provider, answer)
	}
	if err != nil {
		return nil, err
	}
	return &machine.ApplyConfigurationResponse{Messages: []*machine.ApplyConfiguration{answer}}, nil
}

// firstConfiguration installs: the machine goes on to boot with it.
func (n *Node) firstConfiguration(request *machine.ApplyConfigurationRequest, answer *machine.ApplyConfiguration) error {
	switch request.Mode {
	case machine.ApplyConfigurationRequest_AUTO, machine.ApplyConfigurationRequest_REBOOT, machine.ApplyConfigurationRequest_TRY:
	default:
		return status.Errorf(codes.Unimplemented, "apply configuration --mode='%s' is not supported in maintenance mode",
			strings.ReplaceAll(strings.ToLower(request.Mode.String()), "_", "-"))
	}
	if request.DryRun {
		answer.ModeDetails = "Dry run summary:\nNode is running in maintenance mode and does not have a config yet."
		return nil
	}
	n.disk.Config = string(request.Data)
	n.park.note(n.disk.Address, "first configuration")
	life := n.life
	// After the answer is out.
	time.AfterFunc(50*time.Millisecond, func() {
		n.park.mu.Lock()
		defer n.park.mu.Unlock()
		if n.life == life {
			n.drop()
			n.start()
		}
	})
	return nil
}

func (n *Node) nextConfiguration(request *machine.ApplyConfigurationRequest, provider config.Provider, answer *machine.ApplyConfiguration) error {
	immediate := immediately(n.config, provider)
	answer.ModeDetails = "Applied configuration without a reboot"
	switch request.Mode {
	case machine.ApplyConfigurationRequest_NO_REBOOT, machine.ApplyConfigurationRequest_TRY:
		if immediate != nil {
			return status.Error(codes.InvalidArgument, immediate.Error())
		}
	case machine.ApplyConfigurationRequest_STAGED:
		answer.ModeDetails = "Staged configuration to be applied after the next reboot"
	case machine.ApplyConfigurationRequest_AUTO:
		answer.Mode = machine.ApplyConfigurationRequest_NO_REBOOT
		if immediate != nil {
			answer.Mode = machine.ApplyConfigurationRequest_REBOOT
			answer.ModeDetails = "Applied configuration with a reboot: " + immediate.Error()
		}
	}
	if request.DryRun {
		answer.ModeDetails = fmt.Sprintf("Dry run summary:\n%s (skipped in dry-run).\n", answer.ModeDetails)
		return nil
	}
	if answer.Mode == machine.ApplyConfigurationRequest_STAGED || answer.Mode == machine.ApplyConfigurationRequest_REBOOT {
		n.disk.Staged = string(request.Data)
		n.park.note(n.disk.Address, "configuration, %s", strings.ToLower(answer.Mode.String()))
		if answer.Mode == machine.ApplyConfigurationRequest_REBOOT {
			go n.run(uuid.NewString(), Sequence{kind: "reboot", does: "reboot"})
		}
		return nil
	}
	before := n.config
	n.disk.Config, n.config = string(request.Data), provider
	n.park.note(n.disk.Address, "configuration")
	n.replacePods(before)
	return nil
}

// replacePods notes which of Kubernetes' programs the new configuration replaces, and restarts the kubelet when it is one.
func (n *Node) replacePods(before config.Provider) {
	for _, pod := range staticPods {
		if image := pod.image(n.config); n.controlPlane() && image != pod.image(before) {
			n.park.note(n.disk.Address, "%s %s", pod.name, tag(image))
		}
	}
	image := n.config.Machine().Kubelet().Image()
	if image == before.Machine().Kubelet().Image() {
		n.show()
		return
	}
	n.restarting = true
	n.show()
	life := n.life
	time.AfterFunc(n.park.Settle, func() {
		n.park.mu.Lock()
		defer n.park.mu.Unlock()
		if n.life == life {
			n.restarting = false
			n.park.note(n.disk.Address, "kubelet %s", tag(image))
			n.show()
		}
	})
}

// immediately says why a configuration needs a reboot: what Talos takes over at once is listed in its CanApplyImmediate,
// internal/app/machined/pkg/runtime/v1alpha1/v1alpha1_runtime.go.
func immediately(now, next config.Provider) error {
	before, after := now.RawV1Alpha1(), next.RawV1Alpha1().DeepCopy()
	if before == nil || before.MachineConfig == nil || after.MachineConfig == nil {
		return errors.New("no current config")
	}
	after.ConfigDebug, after.ClusterConfig = before.ConfigDebug, before.ClusterConfig
	from, to := reflect.ValueOf(before.MachineConfig).Elem(), reflect.ValueOf(after.MachineConfig).Elem()
	for _, name := range []string{
		"MachineCA", "MachineAcceptedCAs", "MachineTime", "MachineCertSANs", "MachineInstall", "MachineNetwork", "MachineSysfs",
		"MachineSysctls", "MachineLogging", "MachineControlPlane", "MachineKubelet", "MachineKernel", "MachineRegistries",
		"MachinePods", "MachineSeccompProfiles", "MachineNodeAnnotations", "MachineNodeLabels", "MachineNodeTaints", "MachineFeatures",
	} {
		to.FieldByName(name).Set(from.FieldByName(name))
	}
	if reflect.DeepEqual(before, after) {
		return nil
	}
	return errors.New("this config change can't be applied in immediate mode")
}
