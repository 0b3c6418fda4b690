import AsyncLoop
import Channel
import Glog
import Instances
import Linux

/// What runs an instance: its machine, or its container.
@LoopActor protocol Runner: AnyObject {
  var hasEnded: Bool { get }
  /// Called once, when it has ended.
  var onEnd: (() -> Void)? { get set }
  /// In the log.
  nonisolated var name: String { get }
  /// What its memory and CPU time are measured of; nil where nothing can be measured.
  var observed: ObserveRequest.Target? { get }
  /// What the state file says of it.
  var run: InstanceFile.Run? { get }

  /// Asks it to end, waits up to `grace` seconds or until `hurry` opens, and then ends it by force. `isHurried` tells
  /// that it was opened before this waits for it. Throws when it is still there and nothing can be done about that now.
  func stop(grace: Double, hurry: Gate, isHurried: () -> Bool) async throws
  /// Ends it at once.
  func end() async throws
  /// Its backend, which was asked, says that it does not run any more.
  func noticeEnd()
}

extension Runner {
  /// Whose end is seen without asking needs not be told.
  func noticeEnd() {}
}

/// What is left of what ran an instance after a restart of launcher.
@LoopActor protocol Remains {
  /// nil: who it is, and whether it still runs, is known by `takeOver`.
  var runner: (any Runner)? { get }
  /// What runs; nil when nothing does.
  func takeOver() async -> (any Runner)?
}

/// How the instances of one kind are made, started, found again and removed.
@LoopActor protocol Backend: AnyObject {
  /// Why such an instance cannot run on this node; nil when it can.
  func obstacle(to spec: InstanceSpec) -> String?
  /// The backing image, looked at; nil for what has none.
  func backingImage(of spec: InstanceSpec) throws -> BackingImage?
  /// Fills an instance's staging folder and gives it its place in its network, which it returns where it has one.
  func furnish(_ file: InstanceFile, in folder: InstanceStore.Folder, _ guestData: GuestData) async throws
    -> NetworkPlace?
  /// Starts an instance whose folder is in place, and returns when it runs.
  /// `place` nil: what it needs of a network is attached, again.
  func start(_ file: InstanceFile, in folder: InstanceStore.Folder, _ place: NetworkPlace?) async throws
    -> any Runner
  /// Looks for what ran an instance; nil when nothing can. `file` is nil where the state cannot be read.
  func find(_ instance: Identifier, _ file: InstanceFile?, in folder: InstanceStore.Folder) -> (any Remains)?
  /// Asks what runs an instance now; nil when nothing does.
  func look(for instance: Identifier) async throws -> (any Runner)?
  /// Removes what an instance has outside its folder.
  func discard(_ instance: Identifier) async throws
}

/// Why an instance cannot be made or started, where that is not the image's fault.
struct Unlaunchable: Error, CustomStringConvertible {
  let description: String
}
