import Instances
import Payloads
import Testing

private let machineSection = section

@Suite("What a container takes of the guest's data")
struct ContainerFieldTests {
  private static let section =
    "start: {instance_uuid: 1a, tenant_uuid: 2b, vm_type: docker, docker_image: 'debian:12'}\n"

  private func container(_ userData: String, metaData: String = "") throws -> ContainerSpec {
    try #require(try start("#cloud-config\n\(userData)\(Self.section)\(metaData)").spec.container)
  }

  private func problem(_ userData: String, metaData: String = "") -> String? {
    let error = refusal("#cloud-config\n\(userData)\(Self.section)\(metaData)")
    #expect(error?.instance == Identifier("1a"))
    #expect(error?.reason == .invalidData)
    return error?.message
  }

  @Test("the command is the entry of runcmd, word by word")
  func command() throws {
    #expect(
      try container("runcmd:\n - [ /bin/sh, -c, 'echo \"$HOME\"; sleep 1', --privileged, '' ]\n").command?.words == [
        "/bin/sh", "-c", "echo \"$HOME\"; sleep 1", "--privileged", "",
      ])
    #expect(try container("runcmd: [[sleep, 100, true]]\n").command?.words == ["sleep", "100", "true"])
    #expect(try container("users: [&a x, *a]\nruncmd: [[a]]\n").command?.words == ["a"])
  }

  @Test("without a command it is the image's", arguments: ["", "runcmd: []\n", "runcmd:\n", "packages: [a]\n"])
  func imagesCommand(_ userData: String) throws {
    #expect(try container(userData).command == nil)
  }

  @Test("user data that is no mapping names no command")
  func script() throws {
    #expect(try start("#cloud-config\n- a\n---\n\(Self.section)").spec.container?.command == nil)
    #expect(try start(Self.section).spec.container?.command == nil)
  }

  @Test("a second entry and a line for a shell are refused, and the message says why")
  func refused() {
    #expect(problem("runcmd: [[a], [b]]\n")?.contains("2 entries: a container runs one command") ?? false)
    #expect(problem("runcmd: [a b]\n")?.contains("a container has no shell of its own") ?? false)
    #expect(problem("runcmd: a\n")?.contains("must be a list") ?? false)
    #expect(problem("runcmd: [[a, [b]]]\n")?.contains("must be scalars") ?? false)
  }

  @Test(
    "commands out of bounds are refused",
    arguments: [
      "[]", "['']", "[\"a\\0b\"]", "[&a b, *a]", "[" + String(repeating: "a, ", count: 257) + "]",
      "[" + String(repeating: "a", count: 8193) + "]", "[{a: b}]",
    ])
  func bounds(_ entry: String) {
    #expect(problem("runcmd: [\(entry)]\n") != nil)
  }

  @Test("the host name is the meta-data's")
  func hostName() throws {
    #expect(try container("", metaData: "---\n{\"hostname\": \"web-1\", \"uuid\": \"3\"}\n").hostName?.text == "web-1")
    #expect(try container("", metaData: "---\n{\"uuid\": \"3\"}\n").hostName == nil)
    #expect(try container("", metaData: "---\n{\"hostname\": \"\"}\n").hostName == nil)
    #expect(try container("").hostName == nil)
  }

  @Test("a host name that is none is refused", arguments: ["\"-h\"", "\"a b\"", "[1]", "\"--privileged\""])
  func badHostName(_ name: String) {
    #expect(problem("", metaData: "---\n{\"hostname\": \(name)}\n") != nil)
  }

  @Test("a machine's runcmd is its guest's business")
  func machine() throws {
    let payload = try start("#cloud-config\nruncmd: [a b, [c]]\n---\n\(machineSection)")
    #expect(payload.spec.container == nil)
    #expect(text(payload.userData)?.contains("a b") ?? false)
  }
}
