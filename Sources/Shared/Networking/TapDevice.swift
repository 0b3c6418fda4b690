import CShims
import Glibc
import Linux
import Netlink

/// The end of an interface that a machine reads and writes its frames at.
struct TapDevice {
  /// Opened as many times as there are taps: each open file is one.
  private static let tun = "/dev/net/tun"
  /// Seconds that udev may take to give a new device to this process's user.
  private static let patience = 5.0
  private static let interval: Int32 = 10

  /// Requests of linux/if_tun.h.
  private static let setInterface: UInt = 0x4004_54ca
  private static let setPersistent: UInt = 0x4004_54cb
  private static let setOwner: UInt = 0x4004_54cc
  private static let getInterface: UInt = 0x8004_54d2
  /// IFF_TAP | IFF_NO_PI | IFF_VNET_HDR: whole frames, with what is left for the other side to compute before them.
  private static let flags: UInt16 = 0x0002 | 0x1000 | 0x4000
  /// IFF_TUN_EXCL
  private static let exclusive: UInt16 = 0x8000
  /// Bytes of struct ifreq, and where the flags are in it.
  private static let requestSize = 40
  private static let flagOffset = 16

  let descriptor: Descriptor

  /// A tap of this name. A new one must not be there yet, and goes with the descriptor until `keep`.
  static func open(_ name: String, isNew: Bool) throws(SystemError) -> TapDevice {
    let file = try Descriptor.open(tun, O_RDWR)
    var request = [UInt8](repeating: 0, count: requestSize)
    request.replaceSubrange(0..<name.utf8.count, with: name.utf8)
    withUnsafeBytes(of: flags | (isNew ? exclusive : 0)) {
      request.replaceSubrange(flagOffset..<flagOffset + $0.count, with: $0)
    }
    guard ioctl(file.raw, setInterface, &request) == 0 else { throw SystemError("attach to tap", name) }
    return TapDevice(descriptor: file)
  }

  /// Lets the tap stay when nobody has it open, for nobody to open but who may administer networks.
  func keep() throws(SystemError) {
    guard ioctl(descriptor.raw, Self.setOwner, CInt(0)) == 0 else { throw SystemError("set the owner of", "tap") }
    guard ioctl(descriptor.raw, Self.setPersistent, CInt(1)) == 0 else { throw SystemError("keep", "tap") }
  }

  /// The device of a macvtap interface. udev names its owner some moments after it was made.
  static func open(macvtap name: String, index: Int32, in devices: String) throws(SystemError) -> TapDevice {
    let path = "\(devices)/tap\(index)"
    let deadline = Moment.after(seconds: patience)
    while true {
      do throws(SystemError) {
        let file = try Descriptor.open(path, O_RDWR)
        guard interfaceName(of: file) == name else { throw SystemError("open", "\(path) for \(name)", code: ENODEV) }
        return TapDevice(descriptor: file)
      } catch {
        guard [ENOENT, EACCES, EPERM].contains(error.code), Moment.now < deadline else { throw error }
        poll(nil, 0, interval)
      }
    }
  }

  /// What interface an open device belongs to: two network namespaces may both have one of the same number.
  private static func interfaceName(of file: Descriptor) -> String? {
    var request = [UInt8](repeating: 0, count: requestSize)
    guard ioctl(file.raw, getInterface, &request) == 0 else { return nil }
    return String(decoding: request.prefix(flagOffset).prefix { $0 != 0 }, as: UTF8.self)
  }
}
