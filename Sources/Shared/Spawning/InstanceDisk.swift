import Instances

/// An instance's disk: a qcow2 overlay over its backing image.
public enum InstanceDisk {
  public static let name = "image.qcow2"

  /// The arguments with which qemu-img makes it, `size` bytes large, in `folder`.
  static func arguments(in folder: String, images: String, _ image: ImageName, _ stack: ImageStack, size: UInt64)
    -> [String]
  {
    [
      "create", "-q", "-f", "qcow2", "-b", "\(images)/\(image)", "-F", stack.format.name, "\(folder)/\(name)",
      "\(size)",
    ]
  }
}
