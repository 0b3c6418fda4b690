import Foundation
import Netlink
import Testing

@testable import Networking

/// docs/NETWORKING.md against the code and the tests that it names.
@Suite struct NetworkingPageTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()

  /// In one line, so that a name may go on in the next.
  private func page() throws -> String {
    let file = Self.folder.deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/NETWORKING.md")
    return try String(contentsOf: file, encoding: .utf8).split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  @Test("each test that it names is there") func tests() throws {
    let sources = try FileManager.default.contentsOfDirectory(at: Self.folder, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "swift" }.map { try String(contentsOf: $0, encoding: .utf8) }.joined()
    let names = try page().matches(of: /\("([a-z0-9][^"]+)"\)/).map { String($0.1) }
    #expect(names.count > 12)
    for name in names { #expect(sources.contains("\"\(name)\""), "\(name)") }
  }

  @Test("its table of MTUs is the code's") func mtu() throws {
    var lower = Link(index: 1)
    lower.mtu = 1500
    for kind in [TunnelProtocol.gre, .vxlan] {
      let row = try #require(
        try page().firstMatch(of: try Regex("\\| \(kind.rawValue) \\|[^|]*\\|[^|]*\\| ([0-9]+):[^|]*\\| ([0-9]+) \\|")))
      #expect(row[1].substring.map(String.init) == String(kind.overhead))
      #expect(row[2].substring.map(String.init) == String(try TenantMTU.within(lower, overhead: kind.overhead)))
    }
    #expect(try page().contains("UDP port \(Segment.vxlanPort)"))
  }
}
