import Glibc

/// Argument and environment vectors in C's form.
public enum CStrings {
  /// Calls `body` with a vector that ends with NULL and lives as long as the call.
  public static func with<R>(_ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R) -> R {
    var pointers = strings.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return body(pointers)
  }
}
