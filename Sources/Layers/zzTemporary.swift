public import Tensors
extension ParameterSpec { public var isMatrix: Bool { shape.rank == 2 } }
extension Embedding { public init(vocab: Int, width: Int, positions: Int?, dtype: DType) { self.init(vocab: vocab, width: width, positions: positions) } }
extension Loss { public func evaluate(_ prediction: Tensor, targets: Tensor, normaliser: Tensor, rowLosses: Tensor, gradientScale: Float, on backend: any Backend) { evaluate(prediction, targets: targets, normaliser: normaliser, rowLosses: rowLosses, on: backend) } }
