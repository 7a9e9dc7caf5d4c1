extension String {
    /// Lends the text's bytes to what may throw: the standard library's way does not let typed errors through.
    func withUTF8Bytes<Value>(
        _ body: (UnsafeBufferPointer<UInt8>) throws(TokenizerError) -> Value
    ) throws(TokenizerError) -> Value {
        var text = self
        let outcome: Result<Value, TokenizerError> = text.withUTF8 { bytes in
            Result { () throws(TokenizerError) in try body(bytes) }
        }
        return try outcome.get()
    }
}

extension [UInt8] {
    /// The same of bytes.
    func withUTF8Bytes<Value>(
        _ body: (UnsafeBufferPointer<UInt8>) throws(TokenizerError) -> Value
    ) throws(TokenizerError) -> Value {
        let outcome: Result<Value, TokenizerError> = withUnsafeBufferPointer { bytes in
            Result { () throws(TokenizerError) in try body(bytes) }
        }
        return try outcome.get()
    }
}
