import Instances

@testable import launcher_vmm

/// The first byte chooses which answer of the container tool it is: of one container, or lines of several.
func readContainerTool(_ bytes: [UInt8]) {
  guard let (choice, text) = split(bytes) else { return }
  if choice % 2 == 0 {
    guard let state = try? ContainerEngine.state(text) else { return }
    require(state.id.text.utf8.count == ContainerID.length, "\(state.id) names a container")
    // A file's name is made of it.
    require(!state.id.text.utf8.contains(UInt8(ascii: "/")), "\(state.id) names a folder")
  } else {
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
}
