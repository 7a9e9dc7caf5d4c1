/// Metadata by type: nil where the file has no such key, an error where its value is of another type.
extension GGUFFile {
    package func string(_ key: String) throws(CheckpointError) -> String? {
        try value(key, "a string") { if case .string(let value) = $0 { value } else { nil } }
    }

    package func integer(_ key: String) throws(CheckpointError) -> Int? {
        try value(key, "an integer") { if case .integer(let value) = $0 { value } else { nil } }
    }

    /// A number, whole or not. Those of 32 bits are as exact as these.
    package func number(_ key: String) throws(CheckpointError) -> Double? {
        try value(key, "a number") {
            switch $0 {
            case .number(let value): value
            case .integer(let value): Double(value)
            default: nil
            }
        }
    }

    package func boolean(_ key: String) throws(CheckpointError) -> Bool? {
        try value(key, "true or false") { if case .boolean(let value) = $0 { value } else { nil } }
    }

    package func strings(_ key: String) throws(CheckpointError) -> [String]? {
        try value(key, "a list of strings") { if case .strings(let values) = $0 { values } else { nil } }
    }

    package func integers(_ key: String) throws(CheckpointError) -> [Int]? {
        try value(key, "a list of integers") { if case .integers(let values) = $0 { values } else { nil } }
    }

    package func booleans(_ key: String) throws(CheckpointError) -> [Bool]? {
        try value(key, "a list of true or false") { if case .booleans(let values) = $0 { values } else { nil } }
    }

    package func floats(_ key: String) throws(CheckpointError) -> [Float]? {
        try value(key, "a list of numbers") {
            switch $0 {
            case .numbers(let values): values.map { Float($0) }
            case .integers(let values): values.map { Float($0) }
            default: nil
            }
        }
    }

    private func value<Value>(
        _ key: String, _ expected: String, _ read: (GGUFValue) -> Value?
    ) throws(CheckpointError) -> Value? {
        guard let found = self[key] else { return nil }
        guard let value = read(found) else {
            throw .malformed(path: path, place: "metadata \(quoted(key))", expected: expected, got: found.kind)
        }
        return value
    }
}
