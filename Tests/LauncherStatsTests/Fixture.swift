import Foundation

/// A text of /proc as a kernel wrote it, from `Fixtures`.
func fixture(_ name: String) -> [UInt8] {
  let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name)")
  return [UInt8](try! Data(contentsOf: file))
}
