import Linux
import Rights

/// What the places and ports that a Landlock policy names are for one process on this node.
public struct Surroundings {
  /// Handles (O_PATH) of files and folders.
  private var handles: [Place: [Descriptor]] = [:]
  public var schedulerPorts: [UInt16] = []

  public init() {}

  public mutating func set(_ place: Place, _ handles: [Descriptor]) { self.handles[place] = handles }

  public mutating func set(_ place: Place, path: String) throws(SystemError) {
    handles[place] = [try .name(path, followingLinks: true)]
  }

  /// The handles of a place; none for a path that this node does not have.
  func handles(of place: Place) throws(ConfinementError) -> [Descriptor] {
    if case .path(let path) = place {
      return (try? Descriptor.name(path, followingLinks: true)).map { [$0] } ?? []
    }
    guard let handles = handles[place] else { throw ConfinementError("Landlock: nobody said where \(place) is") }
    return handles
  }
}
