import Foundation

/// A START payload of a container.
struct ContainerPayload {
  var instance = UUID().uuidString.lowercased()
  var image = ContainerHost.image
  /// An entry of runcmd, as YAML; nil: none.
  var command: String?
  var hostName: String?
  var vcpus = 1
  var memory = 64
  var diskMB: String?
  /// What `storage` lists, which no container can have.
  var volume: String?
  var tenant = "67d86208-000-4465-9018-fe14087d415f"
  /// Its place in its tenant's network, as keys and values.
  var networking: [String: String] = [:]

  /// A workload at `host` of the subnet 192.168.8.0/21.
  static func workload(host: Int, command: String? = Integration.ContainerLifeTests.obedient) -> ContainerPayload {
    var payload = ContainerPayload(command: command)
    payload.networking = StartPayload.workload(host: host).networking
    return payload
  }

  var text: String {
    var text = "#cloud-config\n" + (command.map { "runcmd: [\($0)]\n" } ?? "runcmd: []\n") + "---\n"
    text += """
      start:
        instance_uuid: \(instance)
        tenant_uuid: \(tenant)
        docker_image: "\(image)"
        vm_type: docker
        requested_resources:
          - type: vcpus
            value: \(vcpus)
          - type: mem_mb
            value: \(memory)

      """
    text += diskMB.map { "    - type: disk_mb\n      value: \($0)\n" } ?? ""
    text += volume.map { "  storage:\n    - id: \($0)\n" } ?? ""
    text += networking.isEmpty ? "" : "  networking:\n"
    text += networking.sorted { $0.key < $1.key }.map { "    \($0.key): \($0.value)\n" }.joined()
    return text + (hostName.map { "---\n{\"hostname\": \"\($0)\"}\n" } ?? "")
  }
}

extension Node {
  /// Makes a container that runs.
  func startContainer(_ payload: ContainerPayload = ContainerPayload()) async throws -> String {
    try send("START", payload.text)
    try await state("active", of: payload.instance)
    return payload.instance
  }
}
