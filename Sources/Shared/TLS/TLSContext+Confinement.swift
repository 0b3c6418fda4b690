import COpenSSL
import Glibc

extension TLSContext {
  /// Does now what the libraries would do at first use and a confined process could not: reads the time zone (asked
  /// for whenever certificate dates are compared), seeds OpenSSL's generators and loads its error texts.
  ///
  /// Call it beside making the contexts and before confining the process. From then on no call of this module opens
  /// a file; what is needed are read, write, getpid, futex, brk, mmap and munmap, and getrandom for new seeds (where
  /// getrandom is denied OpenSSL would open /dev/urandom).
  public static func prepareForConfinement() throws(TLSError) {
    tzset()
    var byte: UInt8 = 0
    OpenSSLLibrary.clearErrors()
    guard OpenSSLLibrary.isReady, RAND_bytes(&byte, 1) == 1, RAND_priv_bytes(&byte, 1) == 1 else {
      throw .library(action: "seed the random number generator", reason: OpenSSLLibrary.takeErrors().text)
    }
  }
}
