/// The config drive: an ISO 9660 + Rock Ridge image, volume label `config-2`, that a guest's cloud-init reads.
public enum ConfigDrive {
  public static let name = "config.iso"
  /// The folder, within the instance's, of the files that it is made of.
  public static let source = ".config-drive"
  private static let label = "config-2"

  /// The arguments with which xorriso makes it in `folder`.
  static func arguments(in folder: String) -> [String] {
    ["-no_rc", "-as", "mkisofs", "-quiet", "-R", "-V", label, "-o", "\(folder)/\(name)", "\(folder)/\(source)"]
  }
}
