import Instances
import Linux
import Settings
import Spawning

/// Volumes that are RBD images of a Ceph pool.
///
/// The manager has no network: the machine opens the image, and says so when there is none.
struct RBDVolumes: VolumeStore {
  let pool: RBDPool

  func open(_ volume: Identifier) -> OpenVolume? { OpenVolume(backing: .rbd(pool), descriptor: nil) }

  /// None that could be seen from here.
  func has(_ volume: Identifier) -> Bool { false }
}
