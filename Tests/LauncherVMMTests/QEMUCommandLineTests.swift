import Channel
import Instances
import JSON
import Settings
import TestSupport
import Testing

@testable import Spawning
@testable import launcher_vmm

private func arguments(
  _ spec: InstanceSpec, firmware: FirmwareFiles? = nil, accelerator: QEMUCommandLine.Accelerator = .kvm
) -> [String] {
  QEMUCommandLine.arguments(
    for: spec, .qcow2, folder: "/state/instances/x", images: "/state/images",
    .init(accelerator: accelerator, firmware: firmware))
}

private let common = [
  "-name", "guest=67d86208-000-4465-9018-fe14087d415f", "-nodefaults", "-no-user-config", "-display", "none",
]
private let disk = """
  {"driver":"qcow2","node-name":"disk","discard":"unmap",\
  "file":{"driver":"file","filename":"/state/instances/x/image.qcow2"},\
  "backing":{"driver":"qcow2","read-only":true,\
  "file":{"driver":"file","filename":"/state/images/image","read-only":true},"backing":null}}
  """

@Test func theCommandLineOfALegacyMachineIsThis() throws {
  #expect(
    arguments(fullSpec()) == common + [
      "-machine", "q35,accel=kvm,usb=off,vmport=off,smbus=off", "-cpu", "host", "-m", "370M", "-smp", "4",
      "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
      "-chardev", "socket,id=qmp,fd=3,server=on,wait=off", "-mon", "chardev=qmp,mode=control",
      "-chardev", "socket,id=console,fd=4,server=on,wait=off", "-serial", "chardev:console",
      "-device", "virtio-rng-pci,rng=rng0", "-object", "rng-builtin,id=rng0",
      "-blockdev", disk, "-device", "virtio-blk-pci,drive=disk,bootindex=1",
      "-blockdev",
      #"{"driver":"raw","node-name":"config","read-only":true,"#
        + #""file":{"driver":"file","filename":"/state/instances/x/config.iso","read-only":true}}"#,
      "-device", "virtio-blk-pci,drive=config", "-netdev", "user,id=net0,restrict=on",
      "-device", "virtio-net-pci,netdev=net0,mac=02:00:e6:f5:af:f9",
    ])
}

@Test func everyImageBelowADiskIsNamedWithItsFormatAndNoneIsLookedFor() throws {
  let stack = try #require(
    ImageStack(.qcow2, over: [.init(ImageName("middle")!, .qcow2), .init(ImageName("last")!, .raw)]))
  let line = QEMUCommandLine.arguments(
    for: fullSpec(), stack, folder: "/x", images: "/i", .init(accelerator: .kvm, firmware: nil))
  let disk = try JSONValue(
    parsing: bytes(line[line.firstIndex(of: "-blockdev")! + 1]), limits: JSONLimits(bytes: 10_000))
  func node(_ name: String, _ format: String, over below: JSONValue?) -> JSONValue {
    var node: JSONObject = JSONObject()
    node["driver"] = .string(format)
    node["read-only"] = true
    node["file"] = ["driver": "file", "filename": .string("/i/\(name)"), "read-only": true]
    node["backing"] = below
    return .object(node)
  }
  #expect(
    disk["backing"] == node("image", "qcow2", over: node("middle", "qcow2", over: node("last", "raw", over: nil))))
}

@Test func aMachineWithADisplayListensNowhere() throws {
  let line = QEMUCommandLine.arguments(
    for: fullSpec(), .qcow2, folder: "/x", images: "/i", .init(accelerator: .kvm, firmware: nil, hasSpice: true))
  let added = line.filter { !arguments(fullSpec()).contains($0) && !$0.hasPrefix("{") }
  #expect(added == ["-spice", "disable-ticketing=on,disable-copy-paste=on,disable-agent-file-xfer=on", "VGA"])
}

@Test func aMachineInAWindowIsNotEndedByClosingIt() throws {
  let line = QEMUCommandLine.arguments(
    for: fullSpec(), .qcow2, folder: "/x", images: "/i", .init(accelerator: .kvm, firmware: nil, hasWindow: true))
  let usual = arguments(fullSpec())
  #expect(line.filter { !usual.contains($0) && !$0.hasPrefix("{") } == ["gtk,window-close=off", "VGA"])
  #expect(usual.contains("none") && !line.contains("none"))
}

@Test func anEFIMachineHasItsFirmwareAndItsOwnVariables() throws {
  let firmware = FirmwareFiles(code: "/firmware/code.fd", variablesTemplate: "/firmware/vars.fd")
  var spec = fullSpec()
  spec.firmware = .efi
  spec.network.mac = nil
  let line = arguments(spec, firmware: firmware, accelerator: .tcg)
  func value(of option: String) -> String? { line.firstIndex(of: option).map { line[$0 + 1] } }
  #expect(
    value(of: "-machine") == "q35,accel=tcg,usb=off,vmport=off,smbus=off,pflash0=firmware,pflash1=variables")
  #expect(value(of: "-cpu") == "max")
  let drives = line.indices.filter { line[$0] == "-blockdev" }.map { line[$0 + 1] }
  #expect(drives.count == 4)
  #expect(
    drives[0]
      == #"{"driver":"raw","node-name":"firmware","read-only":true,"#
      + #""file":{"driver":"file","filename":"/firmware/code.fd","read-only":true}}"#)
  #expect(
    drives[1]
      == #"{"driver":"raw","node-name":"variables","#
      + #""file":{"driver":"file","filename":"/state/instances/x/efi-variables.fd"}}"#)
  #expect(line.last == "virtio-net-pci,netdev=net0")
}

@Test func aMachineOnItsTenantsNetworkHasTheTapItIsHanded() {
  let spec = fullSpec()
  #expect(spec.resources.isNetworkNode)
  func line(_ spec: InstanceSpec) -> [String] {
    QEMUCommandLine.arguments(
      for: spec, .raw, tapMTU: 1450, hasSchedulerDrive: SpawnTask.machine(spec, .raw, tapMTU: 1450).hasSchedulerDrive,
      folder: "/f", images: "/i", .init(accelerator: .kvm, firmware: nil))
  }
  let network = [
    "-netdev", "tap,id=net0,fd=5,vhost=off",
    "-device", "virtio-net-pci,netdev=net0,mac=02:00:e6:f5:af:f9,host_mtu=1450",
  ]
  #expect(
    line(spec).suffix(8)
      == [
        "-blockdev",
        #"{"driver":"raw","node-name":"scheduler","read-only":true,"#
          + #""file":{"driver":"file","filename":"/f/ciao.iso","read-only":true}}"#,
        "-device", "virtio-blk-pci,drive=scheduler",
      ] + network)
  var workload = spec
  workload.resources.isNetworkNode = false
  #expect(line(workload).suffix(4) == network[...])
  #expect(!line(workload).contains("virtio-blk-pci,drive=scheduler"))
  // On a node without networks a network node's machine is like any other.
  #expect(!SpawnTask.machine(spec, .raw).hasSchedulerDrive)
}

@Test func noFieldOfASpecificationAddsAnOption() throws {
  let plain = arguments(InstanceSpec(instance: id, tenant: id, image: ImageName("image")!))
  var spec = fullSpec()
  spec.network.subnetKey = "key,readonly=off -monitor stdio"
  spec.instance = Identifier(String(repeating: "a", count: 72))!
  let line = arguments(spec)
  #expect(line.count == plain.count)
  for (argument, reference) in zip(line, plain) where !argument.hasPrefix("{") {
    let grown = argument.split(separator: ",").count - reference.split(separator: ",").count
    #expect(grown == (argument.hasPrefix("virtio-net-pci") ? 1 : 0), "\(argument)")
  }
  #expect(!line.contains { $0.contains("key,readonly") })
}

@Test func pathsWithCommasAndQuotesStayWithinTheirJSON() throws {
  let line = QEMUCommandLine.arguments(
    for: fullSpec(), .raw, folder: "/a,b\"c", images: "/i,\"x",
    .init(accelerator: .kvm, firmware: nil))
  let drives = try line.indices.filter { line[$0] == "-blockdev" }.map {
    try JSONValue(parsing: bytes(line[$0 + 1]), limits: JSONLimits(bytes: 10_000))
  }
  #expect(drives[0]["file"]?["filename"] == "/a,b\"c/image.qcow2")
  #expect(drives[0]["backing"]?["file"]?["filename"] == "/i,\"x/image")
  for argument in line where !argument.hasPrefix("{") { #expect(!argument.contains("/")) }
}

@Test func firmwareInOneFileHasNoVariables() throws {
  var spec = fullSpec()
  spec.firmware = .efi
  let line = arguments(spec, firmware: FirmwareFiles(code: "/firmware,x/OVMF.fd", variablesTemplate: nil))
  #expect(line.firstIndex(of: "-bios").map { line[$0 + 1] } == "/firmware,x/OVMF.fd")
  #expect(!line.contains { $0.contains("pflash") || $0.contains(FirmwareFiles.variablesName) })
}

@Test func firmwareIsLookedForInTheDocumentedPlaces() {
  let places = [
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
    ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
    ("/usr/share/qemu/OVMF_CODE.fd", "/usr/share/qemu/OVMF_VARS.fd"), ("/usr/share/qemu/OVMF.fd", nil),
    ("/usr/share/ovmf/OVMF.fd", nil),
  ]
  for (index, place) in places.enumerated() {
    let there = Set(places[index...].flatMap { [$0.0, $0.1].compactMap(\.self) })
    #expect(
      FirmwareFiles.installed { there.contains($0) } == FirmwareFiles(code: place.0, variablesTemplate: place.1))
    // Code without its variables is passed over.
    let incomplete = there.subtracting([place.1 ?? place.0])
    #expect(FirmwareFiles.installed { incomplete.contains($0) }?.code != place.0)
  }
  #expect(FirmwareFiles.installed { _ in false } == nil)
}

@Test func chosenFirmwareHasItsVariablesBesideIt() {
  func chosen(_ file: String, _ there: String...) -> FirmwareFiles? {
    FirmwareFiles.chosen(file) { there.contains($0) }
  }
  #expect(chosen("/CODE/x_CODE.fd") == nil)
  #expect(
    chosen("/CODE/x_CODE.fd", "/CODE/x_CODE.fd", "/CODE/x_VARS.fd")
      == FirmwareFiles(code: "/CODE/x_CODE.fd", variablesTemplate: "/CODE/x_VARS.fd"))
  #expect(chosen("/a_CODE.fd", "/a_CODE.fd") == FirmwareFiles(code: "/a_CODE.fd", variablesTemplate: nil))
  #expect(chosen("/a.fd", "/a.fd", "/VARS.fd") == FirmwareFiles(code: "/a.fd", variablesTemplate: nil))
}

/// The words behind `-blockdev` at START, and those of blockdev-add at AttachVolume.
@Test(arguments: [
  ("rbd:disks", #""pool":"disks","image":"0b","conf":"/etc/ceph/ceph.conf","user":"launcher""#),
  ("rbd:disks?id=node1", #""pool":"disks","image":"0b","conf":"/etc/ceph/ceph.conf","user":"node1""#),
  (
    "rbd:disks/tenants?id=node1",
    #""pool":"disks","namespace":"tenants","image":"0b","conf":"/etc/ceph/ceph.conf","user":"node1""#
  ),
])
func anRBDImageIsOpenedByQEMUWithoutADescriptor(location: String, image: String) throws {
  let pool = try #require(Settings(.vmm, ["-volumes=\(location)"]).volumes.pool)
  let expected =
    #"{"driver":"raw","node-name":"volume-2","discard":"unmap","file":{"driver":"rbd","# + image
    + #","discard":"unmap"}}"#
  let volume = Volume(Identifier("0b")!, slot: 2)
  let opened = try #require(RBDVolumes(pool: pool).open(volume.id))
  #expect(opened.descriptor == nil && !opened.backing.source.hasDescriptor)
  #expect(VolumeDrive(volume, opened.backing).blockdev.description == expected)
  var spec = fullSpec()
  spec.volumes = VolumeList([volume])!
  let words = QEMUCommandLine.arguments(
    for: spec, .qcow2, volumes: [VolumeDrive(volume, .rbd(pool))], folder: "/f", images: "/i",
    .init(accelerator: .kvm, firmware: nil, hasVolumes: true))
  #expect(words.contains(expected) && !words.contains("-add-fd"))
  #expect(
    words.contains(
      #"{"driver":"virtio-blk-pci","id":"volume-2","bus":"volume-port-2","drive":"volume-2","serial":"0b"}"#))
}

@Test func anEphemeralVolumeOfANodeWithRBDIsAlwaysMade() throws {
  let volumes = RBDVolumes(pool: try #require(Settings(.vmm, ["-volumes=rbd:disks"]).volumes.pool))
  #expect(!volumes.has(Identifier("0b")!))
}

@Test func howLongAMachineWaitsForAMonitorIsReadAsCephDoes() {
  let cases: [(String, CephConfiguration.Timeout?)] = [
    ("client_mount_timeout = 5", .seconds(5)),
    ("[client]\n  client mount\ttimeout=5 # seconds", .seconds(5)),
    ("[client] ; all\nclient_mount_timeout = 5s\r\n", .seconds(5)),
    ("[client]\nclient_mount_timeout = \"5 sec\"", .seconds(5)),
    ("[global]\nclient_mount_timeout = 300\n[client]\nclient_mount_timeout = 9\nclient_mount_timeout = 5", .seconds(5)),
    ("[client]\nclient_mount_timeout = 5\n[global]\nclient_mount_timeout = 300", .seconds(5)),
    ("[client.launcher]\nclient_mount_timeout = 300\n[global]\nclient_mount_timeout = 5", .seconds(300)),
    ("[client.other]\nclient_mount_timeout = 5\n[client]\nclient_mount_timeout = 300", .seconds(300)),
    ("[mon]\nclient_mount_timeout = 5", nil), ("", nil), ("# client_mount_timeout = 5", nil),
    ("client_mount_timeout", nil), ("client-mount-timeout = 5", nil),
  ]
  for (text, timeout) in cases {
    #expect(CephConfiguration.mountTimeout(in: text, of: "client.launcher") == timeout, "\(text)")
  }
  for value in ["soon", "5m", "inf", "nan", "1e30", "-5", "5.5", "5 6", "99999999999999999999"] {
    let text = "[global]\nclient_mount_timeout = 5\n[client]\nclient_mount_timeout = \(value)"
    #expect(CephConfiguration.mountTimeout(in: text, of: "client.launcher") == .unreadable(value), "\(value)")
  }
}

@Test func theKeyThatIsToBeMadeIsForThePoolOrItsNamespaceAlone() throws {
  let cases = [("rbd:p", "profile rbd pool=p"), ("rbd:p/n", "profile rbd pool=p namespace=n")]
  for (option, capability) in cases {
    let pool = try #require(Settings(.vmm, ["-volumes=\(option)"]).volumes.pool)
    #expect(RBDReadiness.capability(of: pool) == capability)
  }
}

@Test func volumesAreHandedOverInPortsOfTheirOwn() throws {
  var spec = fullSpec()
  let long = Identifier("abcdef01-2345-6789-abcd-ef0123456789")!
  spec.volumes = VolumeList([Volume(long, slot: 3), Volume(Identifier("0b")!, slot: 0, boots: true)])!
  func line(_ stack: ImageStack?, _ tapMTU: UInt16?) -> [String] {
    QEMUCommandLine.arguments(
      for: spec, stack, tapMTU: tapMTU,
      volumes: zip(spec.volumes.all, [.file(.qcow2), .file(.raw)]).map { VolumeDrive($0, $1) },
      folder: "/f", images: "/i", .init(accelerator: .kvm, firmware: nil, hasVolumes: true))
  }
  let words = line(.qcow2, 1450)
  let first = try #require(words.firstIndex(of: "-add-fd"))
  #expect(
    Array(words[first..<first + 12]) == [
      "-add-fd", "fd=6,set=3", "-blockdev",
      #"{"driver":"qcow2","node-name":"volume-3","discard":"unmap","backing":null,"#
        + #""file":{"driver":"file","filename":"/dev/fdset/3","locking":"on","discard":"unmap"}}"#,
      "-device",
      #"{"driver":"virtio-blk-pci","id":"volume-3","bus":"volume-port-3","drive":"volume-3","#
        + #""serial":"abcdef01-2345-6789-a"}"#,
      "-add-fd", "fd=7,set=0", "-blockdev",
      #"{"driver":"raw","node-name":"volume-0","discard":"unmap","#
        + #""file":{"driver":"file","filename":"/dev/fdset/0","locking":"on","discard":"unmap"}}"#,
      "-device",
      #"{"driver":"virtio-blk-pci","id":"volume-0","bus":"volume-port-0","drive":"volume-0","serial":"0b","#
        + #""bootindex":1}"#,
    ])
  #expect(words.contains("virtio-blk-pci,drive=disk,bootindex=2"))
  #expect(words.filter { $0.hasPrefix("pcie-root-port,") }.count == VolumeList.maximum)
  #expect(line(.qcow2, nil).contains("fd=5,set=3"))
  spec.image = nil
  #expect(!line(nil, nil).contains { $0.contains("drive=disk") })
}
