import COpenSSL

/// OpenSSL's input or output in memory.
package final class MemoryBIO {
  package let pointer: OpaquePointer
  /// A BIO that reads does not copy its bytes, so they live here for as long as it does.
  private let storage: UnsafeMutableBufferPointer<UInt8>?

  /// One to write into; nil when memory is short.
  package init?() {
    guard let bio = BIO_new(BIO_s_mem()) else { return nil }
    pointer = bio
    storage = nil
  }

  /// One that reads `bytes`; nil when memory is short or there are more than `Int32.max` bytes.
  package init?(reading bytes: [UInt8]) {
    guard let length = Int32(exactly: bytes.count) else { return nil }
    let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(1, bytes.count))
    _ = copy.initialize(from: bytes)
    guard let bio = BIO_new_mem_buf(copy.baseAddress, length) else {
      copy.deallocate()
      return nil
    }
    pointer = bio
    storage = copy
  }

  deinit {
    BIO_free(pointer)
    guard let storage else { return }
    // It may have held a private key.
    OPENSSL_cleanse(storage.baseAddress, storage.count)
    storage.deallocate()
  }

  /// At most `limit` bytes of what was written and not yet taken.
  package func take(atMost limit: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: max(0, min(limit, BIO_ctrl_pending(pointer)))) { buffer, count in
      var taken = 0
      if !buffer.isEmpty { _ = BIO_read_ex(pointer, buffer.baseAddress, buffer.count, &taken) }
      count = taken
    }
  }

  /// `take` as text for a log line: what is not printable ASCII becomes `?`.
  package func takeText(atMost limit: Int) -> String {
    let printable = UInt8(ascii: " ")...UInt8(ascii: "~")
    return String(
      decoding: take(atMost: limit).map { printable.contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
  }
}
