import Instances
import JSON
import Linux
import Spawning

extension ConfigDrive {
  private static let folders = [source, "\(source)/openstack", "\(source)/openstack/latest"]

  /// Default meta-data: the instance's UUID as uuid and host name.
  static func defaultMetaData(for id: Identifier) -> [UInt8] {
    JSONValue.object(
      {
        var json = JSONObject()
        json["uuid"] = .string(id.text)
        json["hostname"] = .string(id.text)
        return json
      }()
    ).prettySerialized()
  }

  /// Lays the files out for xorriso below an instance's folder.
  static func layOut(in folder: InstanceStore.Folder, userData: [UInt8], metaData: [UInt8]) throws(SystemError) {
    for name in folders { try Files.makeFolder(name, mode: 0o755, in: folder.handle) }
    try Files.create("\(folders[2])/user_data", userData, mode: 0o644, in: folder.handle)
    try Files.create("\(folders[2])/meta_data.json", metaData, mode: 0o644, in: folder.handle)
  }

  /// Removes what xorriso no longer needs.
  static func cleanUp(in folder: InstanceStore.Folder) throws(SystemError) {
    try Files.removeTree(source, in: folder.handle)
  }
}

extension SchedulerDrive {
  /// Lays the file out for xorriso below an instance's folder.
  static func layOut(in folder: InstanceStore.Folder, _ scheduler: SchedulerHost) throws(SystemError) {
    // Of its characters only the colons of an IPv6 address need quotes in YAML.
    let host = scheduler.text.contains(":") ? "\"\(scheduler)\"" : scheduler.text
    try Files.makeFolder(source, mode: 0o755, in: folder.handle)
    try Files.create("\(source)/ciao.yaml", Array("scheduler_addr: \(host)\n".utf8), mode: 0o644, in: folder.handle)
  }

  /// Removes what xorriso no longer needs.
  static func cleanUp(in folder: InstanceStore.Folder) throws(SystemError) {
    try Files.removeTree(source, in: folder.handle)
  }
}
