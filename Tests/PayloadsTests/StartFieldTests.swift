import Instances
import Payloads
import Testing

@Suite("The fields of the start section are validated")
struct StartFieldTests {
  @Test("defaults: a qemu machine with EFI firmware, one vcpu, 256 MiB, the disk of its image")
  func defaults() throws {
    let spec = try start(section).spec
    #expect(spec.kind == .qemu)
    #expect(spec.firmware == .efi)
    #expect(spec.resources == Resources())
    #expect(spec.network == InstanceNetwork())
    #expect(spec.container == nil)
  }

  @Test(
    "unknown keys, persistence, and what is null or empty are ignored",
    arguments: [
      "extra: {a: [b, {c: d}]}", "persistence: host", "fw_type: ''", "fw_type: ~", "vm_type:", "networking:",
      "networking: {}", "networking: {public_ip: false}", "networking: {public_ip: true}",
      "requested_resources: null", "requested_resources: []", "networking: {vnic_mac: '', subnet: \"\", extra: [1]}",
      "docker_image: ''", "requested_resources: [{type: gpu, value: many}, {type: pci}]", "? [complex, key]\n  : value",
      "!x fw_type: !y efi",
    ])
  func ignored(_ line: String) throws {
    #expect(try start(section(with: line)).spec == start(section).spec)
  }

  @Test("every field is taken")
  func everyField() throws {
    let spec = try start(
      """
      start:
        tenant_uuid: "0A"
        instance_uuid: 1234
        image_uuid: 12e4
        docker_image: 'registry:5000/a/b_c.d@sha256:0123456789abcdef0123456789abcdef'
        vm_type: docker
        fw_type: legacy
        requested_resources:
        - {type: vcpus, value: 256, mandatory: true}
        - {type: mem_mb, value: 16777216}
        - {type: disk_mb, value: 1, mandatory: no}
        - {type: network_node, value: 0}
        networking:
          subnet_key: "a key\\n"
          subnet_uuid: ab
          public_ip: 10.0.0.1
      """
    ).spec
    #expect(spec.tenant.text == "0A")
    #expect(spec.instance.text == "1234")
    #expect(spec.kind == .docker)
    #expect(spec.image == nil)
    #expect(spec.container?.image.text == "registry:5000/a/b_c.d@sha256:0123456789abcdef0123456789abcdef")
    #expect(spec.firmware == .legacy)
    #expect(spec.resources.vcpus == 256)
    #expect(spec.resources.memoryMB == 16_777_216)
    #expect(spec.resources.diskMB == 1)
    #expect(!spec.resources.isNetworkNode)
    #expect(spec.network.subnetKey == "a key\n")
    #expect(spec.network.subnetID?.text == "ab")
    #expect(spec.network.publicIP == IPv4Address("10.0.0.1"))
  }

  @Test(
    "a bad value is invalid data, and the failure names the instance",
    arguments: [
      "fw_type: bios", "fw_type: EFI", "fw_type: [efi]", "vm_type: lxc", "vm_type: docker", "networking: x",
      "networking: []",
      "requested_resources: x", "requested_resources: [x]", "requested_resources: [{value: 1}]",
      "requested_resources: [{type: vcpus}]", "requested_resources: [{type: vcpus, value: 0}]",
      "requested_resources: [{type: vcpus, value: 257}]", "requested_resources: [{type: mem_mb, value: -1}]",
      "requested_resources: [{type: mem_mb, value: 1.5}]", "requested_resources: [{type: mem_mb, value: two}]",
      "requested_resources: [{type: mem_mb, value: '2'}]", "requested_resources: [{type: mem_mb, value: 0x10}]",
      "requested_resources: [{type: mem_mb, value: 010}]", "requested_resources: [{type: mem_mb, value: +1}]",
      "requested_resources: [{type: mem_mb, value: 1_000}]", "requested_resources: [{type: mem_mb, value: [1]}]",
      "requested_resources: [{type: disk_mb, value: 99999999999999999999999999}]",
      "requested_resources: [{type: disk_mb, value: 9223372036854775807}]",
      "requested_resources: [{type: network_node, value: -1}]",
      "requested_resources: [{type: network_node, value: yes}]",
      "requested_resources: [{type: vcpus, value: 1}, {type: vcpus, value: 2}]", "networking: {vnic_mac: 02:00}",
      "networking: {vnic_mac: '03:00:e6:f5:af:f9'}", "networking: {vnic_mac: 'ff:ff:ff:ff:ff:ff'}",
      "networking: {vnic_uuid: ../x}", "networking: {concentrator_ip: 1.2.3}", "networking: {concentrator_uuid: -}",
      "networking: {subnet: 1.2.3.4/33}", "networking: {subnet: 1.2.3.4}", "networking: {private_ip: 256.1.1.1}",
      "networking: {public_ip: {}}", "networking: {public_ip: 'true'}", "networking: {subnet_key: [x]}",
      "networking: {subnet_uuid: x}",
      "networking: {subnet_key: \(String(repeating: "k", count: 256))}",
      // keys that occur twice, known or not, at any depth
      "image_uuid: x", "instance_uuid: 1", "extra: 1\n  extra: 1", "\"tenant_uuid\": 1",
      "networking: {subnet: 1.2.3.0/24, subnet: 1.2.3.0/24}",
      // anchors and aliases
      "fw_type: &x efi", "fw_type: *x", "extra: &x 1", "extra: {a: [*x]}", "&x extra: 1", "*x : 1", "<<: *x",
      "networking: &x {}",
    ])
  func refused(_ line: String) {
    let refused = refusal(section(with: line))
    #expect(refused?.reason == .invalidData)
    #expect(refused?.instance == instance)
  }

  @Test(
    "an image's name cannot leave the images folder",
    arguments: ["../x", "a/b", ".x", "''", "a b", "[a]", "'a\\0'", String(repeating: "a", count: 256)])
  func imageName(_ name: String) {
    let payload = "start:\n  instance_uuid: 1\n  tenant_uuid: 2\n  image_uuid: \(name)\n"
    #expect(refusal(payload)?.reason == .invalidData)
    #expect(refusal(payload)?.instance == Identifier("1"))
  }

  @Test(
    "a docker image cannot be an option or hold blanks",
    arguments: ["-x", "a b", "'a\\nb'", "\"a\\nb\"", "ä", String(repeating: "a", count: 513), "/a"])
  func dockerImage(_ name: String) {
    let payload = "start: {instance_uuid: 1, tenant_uuid: 2, vm_type: docker, docker_image: \(name)}\n"
    #expect(refusal(payload)?.reason == .invalidData)
  }

  @Test(
    "instance, tenant and image are required",
    arguments: ["instance_uuid", "tenant_uuid", "image_uuid"])
  func required(_ name: String) {
    let payload = section.split(separator: "\n").filter { !$0.contains(name) }.joined(separator: "\n")
    #expect(refusal(payload)?.reason == .invalidData)
    #expect(refusal(payload)?.instance == (name == "instance_uuid" ? nil : instance))
  }

  @Test("an unusable UUID is not reported", arguments: ["x", "''", "~", "[1]", "../1", "-1", "1-", "&a 1", "*a"])
  func unusableInstance(_ value: String) {
    let refused = refusal("start: {instance_uuid: \(value), tenant_uuid: 2, image_uuid: 3}")
    #expect(refused?.reason == .invalidData)
    #expect(refused?.instance == nil)
  }

  @Test("a field inside start counts, not the one beside it")
  func insideCounts() throws {
    #expect(try start("tenant_uuid: ff\n\(section)image_uuid: other\n").spec == start(section).spec)
  }

  @Test("an empty field inside start is missing")
  func emptyInside() throws {
    let spec = try start("start: {instance_uuid: 1, tenant_uuid: 2, image_uuid: ''}\nimage_uuid: x\n").spec
    #expect(spec.image?.text == "x")
  }

  @Test(
    "a field beside start is validated as if it stood inside",
    arguments: ["fw_type: bios", "fw_type: &x efi", "&x fw_type: efi", "fw_type: efi\nfw_type: efi"])
  func beside(_ line: String) {
    #expect(refusal("\(section)\(line)\n")?.reason == .invalidData)
    #expect(refusal("\(section)\(line)\n")?.instance == instance)
  }

  @Test("a message does not repeat the subnet key")
  func secret() {
    let key = String(repeating: "s", count: 300)
    #expect(refusal(section(with: "networking: {subnet_key: \(key)}"))?.description.contains("sss") == false)
  }

  @Test("a message is one line of ASCII, however strange the value")
  func message() {
    let message =
      refusal(section(with: "fw_type: \"\\n\\e[31m\\u202e\(String(repeating: "x", count: 500))\""))?.description ?? ""
    #expect(message.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f })
    #expect((1...400).contains(message.utf8.count))
  }
}
