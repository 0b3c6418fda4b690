/// How a backing image is read: its own format, and the images below it, each laid over the next.
public struct ImageStack: Equatable, Sendable {
  public struct Layer: Equatable, Sendable {
    public let name: ImageName
    public let format: ImageFormat

    public init(_ name: ImageName, _ format: ImageFormat) {
      self.name = name
      self.format = format
    }
  }

  /// Images below the first: each costs a machine a file, and every read of the guest a look.
  public static let maximumBelow = 7

  public let format: ImageFormat
  public let below: [Layer]

  /// An image alone.
  public static let raw = ImageStack(.raw)!
  public static let qcow2 = ImageStack(.qcow2)!

  /// nil when there are too many images, or one is laid over another that its format has no place to name.
  public init?(_ format: ImageFormat, over below: [Layer] = []) {
    let formats = [format] + below.map(\.format)
    guard below.count <= Self.maximumBelow, formats.dropLast().allSatisfy({ $0 == .qcow2 }) else { return nil }
    self.format = format
    self.below = below
  }
}
