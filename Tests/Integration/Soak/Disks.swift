import Foundation

/// The volumes of a node and the guests that let go of them.
extension Soak.Run {
  /// The image of guests that let go of disks.
  static let lettingGo = "1e75-90"

  /// A boot sector, which is all of such a guest: what a disk's port asks for on any of ten buses, it does, whenever the clock ticks.
  /// The registers are those of ACPI's hot-plug of PCI devices in QEMU (docs/specs/acpi_pci_hotplug.rst there).
  static let guestThatLetsGo: Data = {
    let code: [UInt8] = [
      0xfb,  // sti
      0x66, 0x31, 0xdb,  // round: xor ebx, ebx
      0x66, 0x89, 0xd8,  // bus: mov eax, ebx
      0xba, 0xd0, 0x0c, 0x66, 0xef,  // choose it: mov dx, 0xcd0; out dx, eax
      0xba, 0xc4, 0x0c, 0x66, 0xed,  // what is to go there: mov dx, 0xcc4; in eax, dx
      0x66, 0x85, 0xc0, 0x74, 0x05,  // test eax, eax; jz none
      0xba, 0xc8, 0x0c, 0x66, 0xef,  // let go of it: mov dx, 0xcc8; out dx, eax
      0x43, 0x83, 0xfb, 0x0a, 0x72, 0xe2,  // none: inc bx; cmp bx, 10; jb bus
      0xf4, 0xeb, 0xdc,  // hlt; jmp round
    ]
    let sector = code + [UInt8](repeating: 0, count: 510 - code.count) + [0x55, 0xaa]
    return Data(sector) + Data(count: 1_048_576 - sector.count)
  }()

  /// All but the last.
  func letsGo(_ instance: String) -> Bool { instance != uuid(Soak.Schedule.instances - 1) }

  // MARK: volumes

  /// The UUID of what an instance sees as `volume`.
  func volume(_ volume: Soak.Volume, of instance: String) -> String { Self.volume(volume, of: instance) }

  private static func volume(_ volume: Soak.Volume, of instance: String) -> String {
    let number = instance.suffix(1)
    return switch volume {
    case .own: "50ac0000-0000-4000-8000-20000000001\(number)"
    case .second: "50ac0000-0000-4000-8000-20000000002\(number)"
    case .shared: "50ac0000-0000-4000-8000-200000000030"
    case .missing: "50ac0000-0000-4000-8000-200000000040"
    }
  }

  /// What an instance sees a volume as; the UUID itself if it has nothing to do with it.
  func name(ofVolume uuid: String, of instance: String) -> String {
    named(uuid, of: instance)?.rawValue ?? uuid
  }

  private func named(_ uuid: String, of instance: String) -> Soak.Volume? {
    Soak.Volume.allCases.first { volume($0, of: instance) == uuid }
  }

  static func makeVolumes(on node: Node) throws {
    for number in 0..<Soak.Schedule.instances {
      _ = try node.makeVolume(volume(.own, of: "\(number)"), suffix: "", "create -q -f raw FILE 1M")
      _ = try node.makeVolume(volume(.second, of: "\(number)"), suffix: ".qcow2", "create -q -f qcow2 FILE 1M")
    }
    _ = try node.makeVolume(volume(.shared, of: ""), suffix: ".raw", "create -q -f raw FILE 1M")
  }

  /// Those that the file `state` of an instance says it has.
  func writtenVolumes(of instance: String) -> Set<Soak.Volume> {
    guard let bytes = FileManager.default.contents(atPath: "\(node.instances)/\(instance)/state"),
      let state = try? JSONSerialization.jsonObject(with: bytes) as? [String: Any],
      let storage = (state["spec"] as? [String: Any])?["storage"] as? [[String: Any]]
    else { return [] }
    return Set(storage.compactMap { ($0["id"] as? String).flatMap { named($0, of: instance) } })
  }

  /// Those whose files a machine has open.
  func openVolumes(of machine: pid_t, _ instance: String) -> Set<Soak.Volume> {
    guard node.options.hasVolumes, let names = try? Integration.VolumeTests.open(by: machine, in: node) else {
      return []
    }
    return Set(names.compactMap { named(String($0.prefix { $0 != "." }), of: instance) })
  }

  /// Whether another instance than each has had the shared volume since the last rest.
  func sharedElsewhere() -> [String: Soak.Certainty] {
    let all = pool.map { (uuid: $0, has: histories[$0]!.hasShared()) }
    return Dictionary(
      uniqueKeysWithValues: pool.map { uuid in
        let others = all.filter { $0.uuid != uuid }.map(\.has)
        return (uuid, others.contains(.yes) ? .yes : others.contains(.perhaps) ? .perhaps : .no)
      })
  }

  /// No volume is anybody's but one instance's, and no file of one has come or gone.
  func compareVolumes() throws {
    guard node.options.hasVolumes else { return }
    let holders = pool.filter { state(of: $0).volumes.contains(.shared) }
    guard holders.count <= 1 else { throw node.trouble("\(holders) have one volume") }
    let files = try FileManager.default.contentsOfDirectory(atPath: node.volumes)
    guard files.count == 2 * Soak.Schedule.instances + 1 else { throw node.trouble("volumes: \(files)") }
  }
}
