import Instances
import Payloads
import Testing

@Suite("The documented payloads are accepted as they stand")
struct DocumentedPayloadTests {
  private static let guestText = """
    #cloud-config
      runcmd:
        - [ touch, "/etc/bootdone" ]

    """

  @Test("START with legacy firmware")
  func legacyFirmware() throws {
    let payload = try parseStart(try fixture("documented-start-1.yaml"))
    #expect(text(payload.userData) == Self.guestText)
    #expect(payload.metaData == nil)

    let tenant = try #require(Identifier("67d86208-000-4465-9018-fe14087d415f"))
    var expected = InstanceSpec(
      instance: try #require(instance), tenant: tenant, image: ImageName("b286cd45-7d0c-4525-a140-4db6c95e41fa"),
      firmware: .legacy)
    expected.resources.vcpus = 2
    expected.resources.memoryMB = 256
    expected.resources.diskMB = 80000
    expected.network.mac = MACAddress("02:00:e6:f5:af:f9")
    expected.network.vnic = Identifier("67d86208-b46c-0000-9018-fe14087d415f")
    expected.network.concentratorIP = IPv4Address("192.168.42.21")
    expected.network.concentrator = Identifier("67d86208-b46c-4465-0000-fe14087d415f")
    expected.network.subnet = IPv4Subnet("192.168.8.0/21")
    expected.network.privateIP = IPv4Address("192.168.8.2")
    #expect(payload.spec == expected)
  }

  @Test("START with EFI firmware, a short UUID and a named image")
  func efiFirmware() throws {
    let payload = try parseStart(try fixture("documented-start-2.yaml"))
    #expect(text(payload.userData) == Self.guestText)
    #expect(payload.spec.firmware == .efi)
    #expect(payload.spec.instance.text == "67d86208-b46c-4465-9018-fe14087d415")
    #expect(payload.spec.image?.text == "clear-1ff6bf3883708a56446d863f20c810c99b3aea6f")
    #expect(payload.spec.network.privateIP == IPv4Address("192.168.8.3"))
  }

  @Test("START on a network node, with fields beside the section")
  func networkNode() throws {
    let payload = try parseStart(try fixture("documented-start-3.yaml"))
    #expect(text(payload.userData) == Self.guestText)
    #expect(payload.spec.instance.text == "67d86208-b46c-4465-0000-fe14087d415f")
    #expect(payload.spec.tenant.text == "67d86208-0000-0000-9018-fe14087d415f")
    #expect(payload.spec.image?.text == "b286cd45-7d0c-4525-a140-4db6c95e41fa")
    #expect(payload.spec.firmware == .legacy)
    #expect(payload.spec.resources.isNetworkNode)
    #expect(payload.spec.network.mac == MACAddress("02:00:e6:f5:af:f9"))
    #expect(payload.spec.network.vnic == Identifier("67d86208-b46c-0000-0000-fe14087d415f"))
  }

  @Test("STOP, RESTART and DELETE", arguments: [InstanceCommand.stop, .restart, .delete])
  func targets(_ command: InstanceCommand) throws {
    let payload = try fixture("documented-\(command.payloadKey).yaml")
    #expect(try parseTarget(payload, of: command) == instance)
  }

  @Test("a payload with CR LF line ends gives user data with CR LF line ends", arguments: 1...3)
  func carriageReturns(_ number: Int) throws {
    let payload = text(try fixture("documented-start-\(number).yaml"))?.replacing("\n", with: "\r\n") ?? ""
    #expect(try userData(payload) == Self.guestText.replacing("\n", with: "\r\n"))
  }
}
