/// The config drive: an ISO 9660 + Rock Ridge image, volume label `config-2`, that a guest's cloud-init reads.
public enum ConfigDrive {
  public static let name = "config.iso"
  /// The folder, within the instance's, of the files that it is made of.
  public static let source = ".config-drive"

  /// The arguments with which xorriso makes it in `folder`.
  static func arguments(in folder: String) -> [String] { image(name, label: "config-2", of: source, in: folder) }
}

/// The drive from which the guest of a network node learns its scheduler: an image of the same kind, label `ciao`.
public enum SchedulerDrive {
  public static let name = "ciao.iso"
  /// The folder, within the instance's, of the files that it is made of.
  public static let source = ".ciao"

  /// The arguments with which xorriso makes it in `folder`.
  static func arguments(in folder: String) -> [String] { image(name, label: "ciao", of: source, in: folder) }
}

private func image(_ name: String, label: String, of source: String, in folder: String) -> [String] {
  ["-no_rc", "-as", "mkisofs", "-quiet", "-R", "-V", label, "-o", "\(folder)/\(name)", "\(folder)/\(source)"]
}
