import Glibc
import Linux
import Rights

/// What no process shows by itself: processes that are missing, users that are shared, files that others may change.
struct NodeChecks {
  let node: NodeProcesses
  /// Folders in which systemd looks for units.
  let unitFolders: [String]

  var deviations: [Deviation] { missing + sharedUsers + strangers + writableFiles }

  private var missing: [Deviation] {
    node.missing.map {
      Deviation(
        process: $0, right: "presence", found: "no such process", expected: "one",
        why: "what it is to do is not done, or is done by something else")
    }
  }

  private var sharedUsers: [Deviation] {
    var users: [uid_t: Set<String>] = [:]
    for process in node.all {
      guard let user = process.observed.user, let uid = process.state.users.first else { continue }
      users[uid, default: []].insert(user.rawValue)
    }
    return users.filter { $0.value.count > 1 }.sorted { $0.key < $1.key }.map { uid, names in
      Deviation(
        process: names.sorted().joined(separator: " and "), right: "separation of users",
        found: "all of them run as user \(uid)", expected: "a user for each",
        why: "processes of one user can signal each other, trace each other and write each other's files")
    }
  }

  private var strangers: [Deviation] {
    node.strangers.map {
      Deviation(
        process: "\($0.programName) (process \($0.pid))", right: "user",
        found: "user \($0.users.first ?? 0) of launcher",
        expected: "none but launcher's own processes run as its users",
        why: "it can do to that process of launcher whatever a user can do to his own")
    }
  }

  private var writableFiles: [Deviation] {
    (Set(node.all.map(\.state.program)).sorted() + unitFiles).compactMap { path in
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      let others = status.st_mode & (S_IWGRP | S_IWOTH) != 0
      guard status.st_uid != 0 || others else { return nil }
      return Deviation(
        process: path, right: "who may change it",
        found: "owner \(status.st_uid), mode \(String(status.st_mode & 0o7777, radix: 8))",
        expected: "root's, writable by no one else",
        why: "who changes it decides what the process is and what it may do")
    }
  }

  private var unitFiles: [String] {
    var files: [String] = []
    let units = ["launcher-net.service", "launcher-vmm.service", "launcher-stats.service", "launcher-vmm.socket"]
    for folder in unitFolders {
      for unit in units {
        let dropIns = "\(folder)/\(unit).d"
        let names = (try? Descriptor.open(dropIns, O_RDONLY | O_DIRECTORY)).flatMap { try? Files.names(in: $0) } ?? []
        files += ["\(folder)/\(unit)", dropIns] + names.sorted().map { "\(dropIns)/\($0)" }
      }
    }
    return files
  }
}
