import Glibc
import Glog
import Linux
import Settings

/// How machines run on this node.
public enum Accelerators {
  private static let device = "/dev/kvm"
  /// ioctl numbers and structures of linux/kvm.h.
  private static let getAPIVersion: UInt = 0xae00
  private static let getSupportedCPUID: UInt = 0xc008_ae05
  private static let apiVersion: Int32 = 12
  private static let maximumEntries = 256
  private static let headerSize = 8
  private static let entrySize = 40
  /// CPUID leaf 1, ECX bit 0. Every x86-64 processor since 2005 has SSE3; a KVM that does not offer it interprets
  /// its guests instruction by instruction and does not boot a machine in any useful time.
  private static let sse3: UInt32 = 1

  static func choose(_ wanted: Settings.Virtualisation) -> QEMUCommandLine.Accelerator {
    switch wanted {
    case .kvm: return .kvm
    case .software: return .tcg
    case .auto:
      guard let obstacle = obstacleToKVM() else {
        log.info("machines run with KVM")
        return .kvm
      }
      log.warning("machines run in software, without KVM: \(obstacle)")
      return .tcg
    }
  }

  /// Why KVM cannot run a machine here; nil when it can.
  public static func obstacleToKVM() -> String? {
    let kvm: Descriptor
    do {
      kvm = try Descriptor.open(device, O_RDWR)
    } catch {
      return "\(error)"
    }
    guard ioctl(kvm.raw, getAPIVersion, 0) == apiVersion else { return "\(device): another version of its interface" }
    guard let features = supportedFeatures(kvm) else { return "\(device): it does not tell its processors' features" }
    return features & sse3 != 0 ? nil : "\(device): it offers processors without SSE3, so it only interprets guests"
  }

  /// CPUID leaf 1, ECX, of the processors that KVM offers.
  private static func supportedFeatures(_ kvm: Descriptor) -> UInt32? {
    withUnsafeTemporaryAllocation(byteCount: headerSize + maximumEntries * entrySize, alignment: 8) { buffer in
      _ = buffer.initializeMemory(as: UInt8.self, repeating: 0)
      buffer.storeBytes(of: UInt32(maximumEntries), as: UInt32.self)
      guard ioctl(kvm.raw, getSupportedCPUID, buffer.baseAddress!) == 0 else { return nil }
      let count = min(Int(buffer.load(as: UInt32.self)), maximumEntries)
      for index in 0..<count {
        let entry = headerSize + index * entrySize
        // function, index, flags, eax, ebx, ecx
        if buffer.load(fromByteOffset: entry, as: UInt32.self) == 1 {
          return buffer.load(fromByteOffset: entry + 20, as: UInt32.self)
        }
      }
      return nil
    }
  }
}
