/** Public names of the libraries that people come from, as their packages list them: each has to stand in a table of its page. */

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

export const checklist: Readonly<Record<string, readonly string[]>> = {
  // biome-ignore format: a list of words
  'keras.md': words(`
Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D
AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add AdditiveAttention AlphaDropout Attention AugMix
AutoContrast Average AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D
BatchNormalization Bidirectional CategoryEncoding CenterCrop Concatenate
ContrastLimitedAdaptiveHistogramEqualization Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose
ConvLSTM1D ConvLSTM2D ConvLSTM3D Convolution1D Convolution1DTranspose Convolution2D Convolution2DTranspose
Convolution3D Convolution3DTranspose Cropping1D Cropping2D Cropping3D CutMix Dense DepthwiseConv1D DepthwiseConv2D
Discretization Dot Dropout ELU EinsumDense Embedding Equalization Flatten FlaxLayer GRU GRUCell GaussianDropout
GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D
GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D GlobalMaxPooling2D
GlobalMaxPooling3D GroupNormalization GroupQueryAttention HashedCrossing Hashing Identity Input InputLayer InputSpec
IntegerLookup JaxLayer LSTM LSTMCell Lambda Layer LayerNormalization LeakyReLU Masking MaxNumBoundingBoxes MaxPool1D
MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D Maximum MelSpectrogram Minimum MixUp MultiHeadAttention
Multiply Normalization PReLU Permute Pipeline RMSNormalization RNN RandAugment RandomBrightness
RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop RandomElasticTransform RandomErasing RandomFlip
RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation
RandomSaturation RandomSharpness RandomShear RandomTranslation RandomZoom ReLU RepeatVector Rescaling Reshape
Resizing ReversibleEmbedding STFTSpectrogram SeedGenerator SeparableConv1D SeparableConv2D SeparableConvolution1D
SeparableConvolution2D SimpleRNN SimpleRNNCell Softmax Solarization SpatialDropout1D SpatialDropout2D
SpatialDropout3D SpectralNormalization StackedRNNCells StringLookup Subtract TFSMLayer TernaryDense
TextVectorization TimeDistributed TorchModuleWrapper UnitNormalization UpSampling1D UpSampling2D UpSampling3D
Wrapper ZeroPadding1D ZeroPadding2D ZeroPadding3D abs absolute adaptive_average_pool adaptive_max_pool add
affine_transform all allclose amax amin angle any append arange arccos arccosh arcsin arcsinh arctan arctan2 arctanh
argmax argmin argpartition argsort array array_split associative_scan average average_pool bartlett
batch_normalization beta binary_crossentropy bincount binomial bitwise_and bitwise_invert bitwise_left_shift
bitwise_not bitwise_or bitwise_right_shift bitwise_xor blackman broadcast_to cast categorical cbrt cdist ceil celu
cholesky cholesky_inverse clip column_stack concatenate cond conj conjugate conv conv_transpose convert_to_numpy
convert_to_tensor copy corrcoef correlate cos cosh count_nonzero crop_images cross ctc_decode ctc_loss cumprod
cumsum custom_gradient deg2rad depth_to_space depthwise_conv det diag diagflat diagonal diff digitize divide
divide_no_nan dot dot_product_attention dropout dsplit dstack dtype eig eigh einsum elastic_transform elu empty
empty_like equal erf erfc erfinv exp exp2 expand_dims expm1 extract_patches extract_patches_3d extract_sequences eye
fabs fft fft2 flip fliplr flipud floor floor_divide fmax fmin fmod fold fori_loop full full_like gamma gammainc
gaussian_blur gcd gelu geomspace get_item glu greater greater_equal hamming hanning hard_shrink hard_sigmoid
hard_silu hard_swish hard_tanh heaviside histogram hsplit hstack hsv_to_rgb hypot i0 identity ifft2 imag in_top_k
inner inv irfft is_tensor isclose isfinite isin isinf isnan isneginf isposinf isreal istft jvp kaiser kron
layer_normalization lcm ldexp leaky_relu left_shift less less_equal linspace log log10 log1p log2 log_sigmoid
log_softmax logaddexp logaddexp2 logdet logical_and logical_not logical_or logical_xor logspace logsumexp lstsq
lu_factor map map_coordinates matmul matrix_power matrix_rank max max_pool maximum mean median meshgrid min minimum
mod moments moveaxis multi_hot multiply nan_to_num nanargmax nanargmin nancumprod nancumsum nanmax nanmean nanmedian
nanmin nanpercentile nanprod nanquantile nanstd nansum nanvar ndim negative nextafter nonzero norm normal normalize
not_equal one_hot ones ones_like outer pad pad_images percentile perspective_transform pinv polar power prod psnr
ptp qr quantile rad2deg randint ravel real rearrange reciprocal reconstruct_patches relu relu6 repeat reshape resize
rfft rgb_to_grayscale rgb_to_hsv right_shift rms_normalization roll rot90 round rsqrt saturate_cast
scale_and_translate scan scatter scatter_update searchsorted segment_max segment_min segment_prod segment_sum select
selu separable_conv shape shuffle sigmoid sign signbit silu sin sinc sinh size slice slice_update slogdet
sobel_edges soft_shrink softmax softplus softsign solve solve_triangular sort space_to_depth sparse_plus
sparse_sigmoid sparsemax split sqrt square squareplus squeeze ssim stack std stft stop_gradient subtract sum svd
swapaxes swish switch take take_along_axis tan tanh tanh_shrink tensordot threshold tile top_k trace transpose
trapezoid tri tril triu true_divide trunc truncated_normal unfold uniform unique unravel_index unstack vander var
vdot vectorize vectorized_map view view_as_complex view_as_real vsplit vstack where while_loop zeros zeros_like
`),
  // biome-ignore format: a list of words
  'pytorch.md': words(`
ASGD Adadelta Adafactor Adagrad Adam AdamW Adamax AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d
AdaptiveLogSoftmaxWithLoss AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d AlphaDropout AvgPool1d AvgPool2d
AvgPool3d BCELoss BCEWithLogitsLoss BatchNorm1d BatchNorm2d BatchNorm3d Bilinear CELU CTCLoss ChainedScheduler
ChannelShuffle CircularPad1d CircularPad2d CircularPad3d ConstantLR ConstantPad1d ConstantPad2d ConstantPad3d
Container Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d CosineAnnealingLR
CosineAnnealingWarmRestarts CosineEmbeddingLoss CosineSimilarity CrossEntropyLoss CrossMapLRN2d CyclicLR Dropout
Dropout1d Dropout2d Dropout3d ELU Embedding EmbeddingBag ExponentialLR FeatureAlphaDropout Flatten Fold
FractionalMaxPool2d FractionalMaxPool3d GELU GLU GRU GRUCell GaussianNLLLoss GroupNorm Hardshrink Hardsigmoid
Hardswish Hardtanh HingeEmbeddingLoss HuberLoss Identity InstanceNorm1d InstanceNorm2d InstanceNorm3d KLDivLoss
L1Loss LBFGS LPPool1d LPPool2d LPPool3d LSTM LSTMCell LambdaLR LayerNorm LazyBatchNorm1d LazyBatchNorm2d
LazyBatchNorm3d LazyConv1d LazyConv2d LazyConv3d LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d
LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d LazyLinear LeakyReLU Linear LinearCrossEntropyLoss
LinearCrossEntropyOptions LinearLR LocalResponseNorm LogSigmoid LogSoftmax MSELoss MarginRankingLoss MaxPool1d
MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d Mish Module ModuleDict ModuleList MultiLabelMarginLoss
MultiLabelSoftMarginLoss MultiMarginLoss MultiStepLR MultiheadAttention MultiplicativeLR Muon NAdam NLLLoss
NLLLoss2d OneCycleLR PReLU PairwiseDistance ParameterDict ParameterList PixelShuffle PixelUnshuffle PoissonNLLLoss
PolynomialLR RAdam RMSNorm RMSprop RNN RNNBase RNNCell RNNCellBase RReLU ReLU ReLU6 ReduceLROnPlateau
ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d Rprop SELU SGD
Sequential SequentialLR SiLU Sigmoid SmoothL1Loss SoftMarginLoss Softmax Softmax2d Softmin Softplus Softshrink
Softsign SparseAdam StepLR SyncBatchNorm Tanh Tanhshrink Threshold Transformer TransformerDecoder
TransformerDecoderLayer TransformerEncoder TransformerEncoderLayer TripletMarginLoss TripletMarginWithDistanceLoss
Unflatten Unfold Upsample UpsamplingBilinear2d UpsamplingNearest2d ZeroPad1d ZeroPad2d ZeroPad3d autograd functional
functional_call functionalize grad grad_and_value gradcheck gradgradcheck hessian hvp jacfwd jacobian jacrev jvp
linearize replace_all_batch_norm_modules_ stack_module_state swa_utils torch vhp vjp vmap
`),
  // biome-ignore format: a list of words
  'gluon.md': words(`
Activation AvgPool1D AvgPool2D AvgPool3D BatchNorm Concatenate Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D
Conv3DTranspose DeformableConvolution Dense Dropout ELU Embedding Flatten GELU GlobalAvgPool1D GlobalAvgPool2D
GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D GroupNorm HybridBlock HybridConcatenate HybridLambda
HybridSequential Identity InstanceNorm KVStore Lambda LayerNorm LeakyReLU MaxPool1D MaxPool2D MaxPool3D
ModulatedDeformableConvolution PReLU Parameter PixelShuffle1D PixelShuffle2D PixelShuffle3D ReflectionPad2D SELU
Sequential SiLU Swish SymbolBlock SyncBatchNorm Trainer activation add_n allow_deferred_init allreduce_grads apply
arange_like batch_dot batch_flatten batch_norm bipartite_matching box_decode box_encode box_iou box_nms broadcast
broadcast_greater broadcast_like cast collect_params constraint_check convolution ctc_loss data deconvolution
deformable_convolution digamma dropout embedding erf erfinv export foreach forward fully_connected gamma gammaln
gather_nd grad grad_req group_norm hybridize imports index_add index_update infer_shape infer_type init initialize
instance_norm layer_norm leaky_relu learning_rate list_data list_grad load load_dict load_parameters load_states
log_softmax lr_mult masked_log_softmax masked_softmax modulated_deformable_convolution nonzero norm num_workers
one_hot optimize_for pad pick pooling pull push pushpull rank register_child register_forward_hook
register_forward_pre_hook register_op_hook relu reset_device reshape reshape_like rnn roi_pooling round_ste
row_sparse_pull save save_parameters save_states sequence_last sequence_mask sequence_reverse set_data
set_gradient_compression set_learning_rate set_optimizer setattr shape_array share_parameters sigmoid sign_ste slice
slice_channel slice_like smooth_l1 softmax softsign step stop_gradient summary sync_batch_norm topk type update
wd_mult while_loop zero_grad
`),
};
