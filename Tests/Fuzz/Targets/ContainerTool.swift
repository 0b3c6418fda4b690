import Instances
import Linux

@testable import launcher_vmm

/// The first byte chooses what it is: the container tool's answer about one container, its lines about several, or an
/// image.
func readContainerTool(_ bytes: [UInt8]) {
  guard let (choice, text) = split(bytes) else { return }
  switch choice & 3 {
  case 3: readImage(text)
  case 1: readLines(text)
  default:
    guard let state = try? ContainerEngine.state(text) else { return }
    require(state.id.text.utf8.count == ContainerID.length, "\(state.id) names a container")
    // A file's name is made of it.
    require(!state.id.text.utf8.contains(UInt8(ascii: "/")), "\(state.id) names a folder")
  }
}

private func readLines(_ text: [UInt8]) {
  let lines = text.split(separator: UInt8(ascii: "\n"))
  let entries = ContainerEngine.entries(text)
  require(entries.count <= lines.count, "\(entries.count) entries in \(lines.count) lines")
  // A line means the same whatever stands around it.
  let alone = lines.flatMap { ContainerEngine.entries(Array($0)) }
  require(entries.map(\.instance) == alone.map(\.instance), "\(entries) instead of \(alone)")
  for entry in entries {
    require(Identifier(entry.instance.text) == entry.instance, "\(entry.instance) names an instance")
    if let size = entry.json["size"]?.string.flatMap(ContainerEngine.megabytes) { require(size >= 0, "\(size) MB") }
  }
}

private func readImage(_ bytes: [UInt8]) {
  guard let file = try? SealedMemory.make("image", bytes), let header = try? ImageHeader(of: file) else { return }
  guard header.format == .qcow2 else {
    return require(header.virtualSize == nil && header.below == nil, "a disk as it is says something of itself")
  }
  require(header.virtualSize != nil, "a qcow2 image has no size")
  if let below = header.below {
    require(!below.name.isEmpty && below.name.utf8.count < bytes.count * 3, "\(below.name) lies below")
  }
}
