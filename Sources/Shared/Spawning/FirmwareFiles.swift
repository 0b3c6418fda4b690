import Glibc
import JSON
import Linux

/// EFI firmware of the distribution: code that all machines share, and the template of each machine's variables.
public struct FirmwareFiles: Sendable {
  public static let variablesName = "efi-variables.fd"
  /// Bytes: the largest template that distributions ship is 4 MiB.
  private static let largestTemplate = 8 * 1_048_576

  /// Searched in order: Debian and Ubuntu, then Fedora's layout.
  private static let places = [
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
    ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
  ]

  public let code: String
  let variablesTemplate: String

  var codeDrive: JSONValue {
    [
      "driver": "raw", "node-name": "firmware", "read-only": true,
      "file": ["driver": "file", "filename": .string(code), "read-only": true],
    ]
  }

  /// Puts a machine's own variables into its folder.
  public func makeVariables(in folder: Descriptor) throws {
    try Files.create(
      Self.variablesName, Files.read(variablesTemplate, limit: Self.largestTemplate), in: folder)
  }
}

extension FirmwareFiles {
  /// nil when no firmware is installed.
  public init?() {
    guard let place = Self.places.first(where: { access($0.0, R_OK) == 0 && access($0.1, R_OK) == 0 }) else {
      return nil
    }
    (code, variablesTemplate) = place
  }
}
