import Instances
import JSON
import TestSupport
import Testing

@testable import Spawning

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
  "file":{"driver":"file","filename":"/state/images/image","read-only":true}}}
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
