/// Memory that a backend owns. Only that backend may assume what its address means.
public final class DeviceMemory: @unchecked Sendable {
    /// A host address on the CPU backend; whatever the backend's own calls take elsewhere.
    public let address: UnsafeMutableRawPointer
    /// How many bytes lie from `address` on.
    public let byteCount: Int
    private let free: @Sendable (UnsafeMutableRawPointer) -> Void

    /// Takes over the memory: `free` is called once, when nothing refers to it any more.
    public init(
        address: UnsafeMutableRawPointer, byteCount: Int,
        free: @escaping @Sendable (UnsafeMutableRawPointer) -> Void
    ) {
        self.address = address
        self.byteCount = byteCount
        self.free = free
    }

    deinit { free(address) }
}

/// A dense row-major view of device memory.
///
///     let ids = Tensor(try backend.allocate(byteCount: 4096), spec: TensorSpec([4, 256], .i32))
///     let first = ids.slice(start: 0, [256])      // a view of the same bytes
public struct Tensor: Sendable {
    /// What the elements lie in; several tensors may share it.
    public let memory: DeviceMemory
    /// Bytes from the start of `memory`.
    public let offset: Int
    /// Shape and element type.
    public let spec: TensorSpec

    /// - Precondition: the elements lie within `memory`.
    public init(_ memory: DeviceMemory, offset: Int = 0, spec: TensorSpec) {
        precondition(offset >= 0 && offset + spec.byteCount <= memory.byteCount, "\(spec) does not fit its memory")
        self.memory = memory
        self.offset = offset
        self.spec = spec
    }

    /// The extents, outermost first.
    public var shape: Shape { spec.shape }
    /// The type of each element.
    public var dtype: DType { spec.dtype }
    /// How many elements there are.
    public var count: Int { spec.count }
    /// Bytes of all elements.
    public var byteCount: Int { spec.byteCount }
    /// The device address of the first element. Only a backend may dereference it.
    public var address: UnsafeMutableRawPointer { memory.address + offset }

    /// The same elements under another shape of equal count.
    public func reshaped(_ shape: Shape) -> Tensor {
        precondition(shape.count == count, "cannot view \(spec) as \(shape)")
        return Tensor(memory, offset: offset, spec: TensorSpec(shape, dtype))
    }

    /// `count` elements from element `start`, as a tensor of another shape in the same memory.
    public func slice(start: Int, _ shape: Shape) -> Tensor {
        precondition(start >= 0 && start + shape.count <= count, "slice \(start) + \(shape) outside \(spec)")
        return Tensor(memory, offset: offset + start * dtype.size, spec: TensorSpec(shape, dtype))
    }
}
