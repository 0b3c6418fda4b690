import Instances
import JSON

/// The command line of an instance's QEMU. Names reach it only as JSON strings or as characters that no QEMU option
/// treats specially, so nothing can inject an option.
enum QEMUCommandLine {
  /// Descriptors behind standard input, output and error, in the order of `SpawnTask.machine`.
  private static let qmpDescriptor = 3
  private static let consoleDescriptor = 4
  private static let tapDescriptor = 5

  enum Accelerator: String {
    case kvm
    case tcg
  }

  struct Settings {
    var accelerator: Accelerator
    var firmware: FirmwareFiles?
    /// It has a display, which QEMU offers to SPICE clients that it is handed.
    var hasSpice = false
    /// It has a display, which QEMU shows in a window; standard input is the connection to the desktop.
    var hasWindow = false
    /// Volumes can come and go.
    var hasVolumes = false
  }

  /// What makes GTK a client of the display that it is handed, and of nothing else: it looks for no session bus,
  /// input method, settings or accessibility service, and loads no OpenGL driver.
  static let windowEnvironment = [
    // Any: the connection is made.
    "DISPLAY=:0", "GDK_BACKEND=x11", "GDK_GL=disable", "NO_AT_BRIDGE=1", "GSETTINGS_BACKEND=memory",
    "GIO_USE_VFS=local", "GTK_IM_MODULE=gtk-im-context-simple", "DBUS_SESSION_BUS_ADDRESS=disabled:",
  ]

  static func arguments(
    for spec: InstanceSpec, _ stack: ImageStack?, tapMTU: UInt16? = nil, volumes: [VolumeDrive] = [],
    hasSchedulerDrive: Bool = false, folder: String, images: String, _ settings: Settings
  ) -> [String] {
    var arguments = [
      "-name", "guest=\(spec.instance)", "-nodefaults", "-no-user-config",
      // Who closes the window would pull the machine's plug.
      "-display", settings.hasWindow ? "gtk,window-close=off" : "none",
      "-machine", "q35,accel=\(settings.accelerator.rawValue),usb=off,vmport=off,smbus=off",
      "-cpu", settings.accelerator == .kvm ? "host" : "max",
      "-m", "\(spec.resources.memoryMB)M", "-smp", "\(spec.resources.vcpus)",
      "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
      "-chardev", "socket,id=qmp,fd=\(qmpDescriptor),server=on,wait=off", "-mon", "chardev=qmp,mode=control",
      "-chardev", "socket,id=console,fd=\(consoleDescriptor),server=on,wait=off", "-serial", "chardev:console",
      "-device", "virtio-rng-pci,rng=rng0", "-object", "rng-builtin,id=rng0",
    ]
    if settings.hasSpice {
      // Without a port QEMU listens nowhere.
      arguments += [
        "-spice", "disable-ticketing=on,disable-copy-paste=on,disable-agent-file-xfer=on", "-device", "VGA",
      ]
    }
    if settings.hasWindow { arguments += ["-device", "VGA"] }
    if spec.firmware == .efi, let firmware = settings.firmware {
      if firmware.variablesTemplate != nil {
        arguments += ["-blockdev", text(firmware.codeDrive), "-blockdev", text(firmwareVariables(folder))]
        arguments[arguments.firstIndex(of: "-machine")! + 1] += ",pflash0=firmware,pflash1=variables"
      } else {
        arguments += ["-bios", firmware.code]
      }
    }
    let bootVolumes = volumes.filter(\.volume.boots)
    if let image = spec.image, let stack {
      arguments += [
        "-blockdev", text(disk(folder: folder, images: images, image.text, stack)),
        "-device", "virtio-blk-pci,drive=disk,bootindex=\(bootVolumes.count + 1)",
      ]
    }
    arguments += [
      "-blockdev", text(drive("config", ConfigDrive.name, folder)),
      "-device", "virtio-blk-pci,drive=config",
    ]
    if hasSchedulerDrive {
      arguments += [
        "-blockdev", text(drive("scheduler", SchedulerDrive.name, folder)),
        "-device", "virtio-blk-pci,drive=scheduler",
      ]
    }
    if settings.hasVolumes {
      arguments += VolumeDrive.ports
      var descriptor = tapMTU == nil ? tapDescriptor : tapDescriptor + 1
      for drive in volumes {
        if drive.backing.source.hasDescriptor {
          arguments += ["-add-fd", "fd=\(descriptor),set=\(drive.volume.slot)"]
          descriptor += 1
        }
        let bootIndex = bootVolumes.firstIndex(of: drive).map { $0 + 1 }
        arguments += ["-blockdev", text(drive.blockdev), "-device", text(drive.device(bootIndex: bootIndex))]
      }
    }
    return arguments + network(spec, tapMTU)
  }

  /// The tap that it is handed, or what QEMU answers itself. vhost is not used: it would be the kernel's own parser of
  /// what a guest writes, and `/dev/vhost-net` one more device in the jail.
  private static func network(_ spec: InstanceSpec, _ tapMTU: UInt16?) -> [String] {
    let mac = spec.network.mac.map { ",mac=\($0)" } ?? ""
    guard let tapMTU else {
      return ["-netdev", "user,id=net0,restrict=on", "-device", "virtio-net-pci,netdev=net0\(mac)"]
    }
    return [
      "-netdev", "tap,id=net0,fd=\(tapDescriptor),vhost=off",
      "-device", "virtio-net-pci,netdev=net0\(mac),host_mtu=\(tapMTU)",
    ]
  }

  private static func text(_ json: JSONValue) -> String { json.description }

  /// The overlay with all that is below it, every file and format stated: nothing is probed, and no header is followed.
  private static func disk(folder: String, images: String, _ image: String, _ stack: ImageStack) -> JSONValue {
    let layers = [(name: image, format: stack.format)] + stack.below.map { (name: $0.name.text, format: $0.format) }
    return [
      "driver": "qcow2", "node-name": "disk", "discard": "unmap",
      "file": ["driver": "file", "filename": .string("\(folder)/\(InstanceDisk.name)")],
      "backing": layers.reversed().reduce(nil) { below, layer in
        var node: JSONValue = [
          "driver": .string(layer.format.name), "read-only": true,
          "file": ["driver": "file", "filename": .string("\(images)/\(layer.name)"), "read-only": true],
        ]
        // With null QEMU looks for nothing below, whatever the header says.
        if layer.format == .qcow2, var object = node.object {
          object["backing"] = below
          node = .object(object)
        }
        return node
      },
    ]
  }

  /// A drive that the guest only reads.
  private static func drive(_ node: String, _ name: String, _ folder: String) -> JSONValue {
    [
      "driver": "raw", "node-name": .string(node), "read-only": true,
      "file": ["driver": "file", "filename": .string("\(folder)/\(name)"), "read-only": true],
    ]
  }

  private static func firmwareVariables(_ folder: String) -> JSONValue {
    [
      "driver": "raw", "node-name": "variables",
      "file": ["driver": "file", "filename": .string("\(folder)/\(FirmwareFiles.variablesName)")],
    ]
  }
}
