import Instances
import JSON
import Linux

/// The config drive: an ISO 9660 + Rock Ridge image, volume label `config-2`, that a guest's cloud-init reads.
enum ConfigDrive {
  static let name = "config.iso"
  private static let label = "config-2"
  private static let source = ".config-drive"
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

  /// The arguments with which xorriso makes the image of what was laid out.
  static func arguments(in folder: InstanceStore.Folder) -> [String] {
    [
      "-no_rc", "-as", "mkisofs", "-quiet", "-R", "-V", label, "-o", "\(folder.path)/\(name)",
      "\(folder.path)/\(source)",
    ]
  }

  static func cleanUp(in folder: InstanceStore.Folder) throws(SystemError) {
    try Files.removeTree(source, in: folder.handle)
  }
}
