import AsyncLoop
import Glibc
import Glog
import Linux

/// The steps of a command: written to the log where it is to show them, and where a test can hold launcher-vmm, to end it
/// there as a crash would.
///
/// In a debug build the manager takes away the file `.stop-at` in the folder of instances when it reaches the step that
/// the file names, and does nothing from then on. A release build knows no such file.
@LoopActor enum StopPoint: String {
  case stagingMade = "staging-made"
  case configDriveLaidOut = "config-drive-laid-out"
  case toolsEnded = "tools-ended"
  case imageFetched = "image-fetched"
  case containerNetworkMade = "container-network-made"
  case containerMade = "container-made"
  case containerStarted = "container-started"
  case containerRemoved = "container-removed"
  case stateWritten = "state-written"
  case nameGiven = "name-given"
  case created = "created"
  case networkAttached = "network-attached"
  case socketsMade = "sockets-made"
  case machineStarted = "machine-started"
  case machineAnswered = "machine-answered"
  case runRecorded = "run-recorded"
  case powerDownAsked = "power-down-asked"
  case quitAsked = "quit-asked"
  case machineEnded = "machine-ended"
  case networkDetached = "network-detached"
  case nameTaken = "name-taken"
  case filesRemoved = "files-removed"
  case reported = "reported"
  case evacuationRecorded = "evacuation-recorded"
  case evacuationEnded = "evacuation-ended"
  case volumeRecorded = "volume-recorded"
  case volumePassed = "volume-passed"
  case volumeOpened = "volume-opened"
  case volumePlugged = "volume-plugged"
  case volumeLeft = "volume-left"
  case volumeUnplugged = "volume-unplugged"
  case volumeForgotten = "volume-forgotten"

  #if DEBUG
    /// The folder of instances.
    static var folder: Descriptor?

    private static let fileName = ".stop-at"
    private static let longestName = 64

    func reach() {
      log.step(rawValue)
      guard let folder = Self.folder,
        let name = try? Files.read(Self.fileName, in: folder, limit: Self.longestName), name == Array(rawValue.utf8)
      else { return }
      log.warning("standing still at \(rawValue)")
      try? Files.remove(Self.fileName, in: folder)
      while true { poll(nil, 0, -1) }
    }
  #else
    func reach() { log.step(rawValue) }
  #endif
}
