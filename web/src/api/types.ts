// Names for the JSON types of the hub. The types are generated from openapi.json (`npm run types`). Times are epoch
// milliseconds.

import type { components } from '../../openapi';

type Shapes = components['schemas'];

export type ActivityItem = Shapes['ActivityShape'];
export type Alert = Shapes['AlertShape'];
export type AlertDigest = Shapes['AlertDigestShape'];
export type AlertHealth = Shapes['AlertHealthShape'];
export type AlertEntry = Shapes['AlertEntryShape'];
export type Incident = Shapes['IncidentShape'];
export type IncidentEntry = Shapes['IncidentEntryShape'];
export type Alternative = Shapes['AlternativeShape'];
export type Assignee = Shapes['AssigneeShape'];
export type BulkResults = Shapes['BulkResults'];
export type Analysis = Shapes['AnalysisShape'];
export type Backtest = Shapes['BacktestShape'];
export type Command = Shapes['CommandShape'];
export type Dashboard = Shapes['DashboardShape'];
export type DashboardItem = Shapes['DashboardItem'];
export type Tile = Shapes['TileShape'];
export type TileSeries = Shapes['TileSeriesShape'];
export type Device = Shapes['DeviceShape'];
export type DeviceDetail = Shapes['DeviceDetail'];
export type Diagnosis = Shapes['DiagnosisShape'];
export type DocumentAnswer = Shapes['DocumentAnswer'];
export type Evidence = Shapes['EvidenceShape'];
export type ExpectedBand = Shapes['ExpectedBand'];
export type Extra = SavedTurn['extras'][number];
export type FleetHealth = Shapes['FleetHealthShape'];
export type History = Shapes['History'];
export type HistoryAnswer = Shapes['HistoryAnswer'];
export type SavedTurn = Shapes['TurnShape'];
export type Level = Shapes['LevelShape'];
export type Limit = Shapes['BoundShape'];
export type ChartBlock = Shapes['ChartShape'];
export type ConversationItem = Shapes['ConversationItem'];
export type Bundle = Shapes['BundleShape'];
export type Credential = Shapes['CredentialShape'];
export type Credentials = Shapes['CredentialList'];
export type Issued = Shapes['IssuedShape'];
export type MappedMessage = Shapes['MappedMessage'];
export type Mapping = Shapes['MappingShape'];
export type MappingsChecked = Shapes['MappingsChecked'];
export type MappingsPreview = Shapes['MappingsPreview'];
export type Match = NonNullable<Diagnosis['match']>;
export type Models = Shapes['ModelsShape'];
export type ModelServer = Shapes['ModelServerShape'];
export type Channel = Shapes['ChannelShape'];
export type ChannelField = Shapes['ChannelFieldShape'];
export type ChannelKind = Shapes['ChannelKindShape'];
export type ChannelTest = Shapes['ChannelTestShape'];
export type Delivery = Shapes['DeliveryShape'];
export type DeliveryList = Shapes['DeliveryList'];
export type DryRun = Shapes['DryRunShape'];
export type ReportPreview = Shapes['ReportPreviewShape'];
export type ReportSchedule = Shapes['ReportShape'];
export type MessagePreview = Shapes['PreviewShape'];
export type MessageTemplate = Shapes['TemplateShape'];
export type NotificationRoute = Shapes['RouteShape'];
export type Notifications = Shapes['NotificationsShape'];
export type OwnNotifications = Shapes['OwnNotificationsShape'];
export type ModelTest = Shapes['ModelTest'];
export type MetricFacts = Shapes['MetricFacts'];
export type MetricEdit = Shapes['MetricEditShape'];
export type MetricSemantics = Shapes['SemanticsShape'];
export type MetricState = Shapes['MetricShape'];
export type ProposedCommand = Shapes['ProposalShape'];
export type RawMessage = Shapes['MessageShape'];
export type Rejected = Shapes['RejectedShape'];
export type Rule = Shapes['RuleShape'];
export type RuleFromWords = Shapes['RuleFromWordsShape'];
export type Reaction = Shapes['ReactionShape'];
export type ReactionItem = Shapes['ReactionItem'];
export type ReactionList = Shapes['ReactionList'];
export type ReactionPreview = Shapes['ReactionPreview'];
export type ReactionRun = Shapes['ReactionRunShape'];
export type ReactionTrial = Shapes['ReactionTrialShape'];
export type ReactionRunList = Shapes['ReactionRunList'];
export type CalculatedMetric = Shapes['CalculatedShape'];
export type CalculatedItem = Shapes['CalculatedItem'];
export type CalculatedPreview = Shapes['CalculatedPreview'];
export type CalculatedTrial = Shapes['CalculatedTrial'];
export type RulePreview = Shapes['RulePreview'];
export type RuleOutcome = Shapes['OutcomeShape'];
export type Firing = Shapes['FiringShape'];
export type SuggestedLimits = Shapes['SuggestedLimits'];
export type Severity = Alert['severity'];
export type Silence = Shapes['SilenceShape'];
export type SilencePreview = Shapes['SilencePreview'];
export type Series = Shapes['SeriesShape'];
export type Status = Shapes['Status'];
export type Term = Shapes['TermShape'];
export type Terms = Shapes['Terms'];
export type Trend = Shapes['TrendShape'];
export type TopicList = Shapes['TopicList'];
export type Step = Shapes['LiveRun'];
export type Writer = Shapes['WriterShape'];

/** `[ts, value]`, or `[ts, min, mean, max, count]` with buckets. */
export type Point = History['points'][number];

/** One page of a list, and the cursor of the next. */
export interface Page<T> {
  items: T[];
  next: string | null;
}

/** Accounts. */
export type AuditEntry = Shapes['AuditEntryShape'];
export type SignIn = Shapes['SignInShape'];
export type Account = Shapes['AccountShape'];
export type Role = Account['role'];
export type Limits = Shapes['LimitsShape'];
export type Area = Shapes['AreaShape'];
export type AreaList = Shapes['AreaList'];
export type LinkInfo = Shapes['LinkShape'];
export type BrowserSession = Shapes['SessionShape'];
export type ApiToken = Shapes['TokenShape'];
export type Profile = Shapes['ProfileShape'];
export type Passkey = Shapes['PasskeyShape'];
export type PeopleList = Shapes['PeopleList'];
export type EnrolmentKey = Shapes['EnrolmentKeyShape'];
export type PersonUsage = Shapes['PersonUsageShape'];

/** What the hub sends on /api/live, and what the page sends. */
export type Snapshot = Shapes['LiveSnapshot'];
export type Delta = Shapes['LiveDelta'];
export type DeviceColumns = Shapes['LiveDevices'];
export type Stats = Shapes['LiveStats'];
export type FromHub =
  | Snapshot
  | Delta
  | Stats
  | Shapes['LiveResumed']
  | Shapes['LiveResync']
  | Shapes['LiveAlerts']
  | Shapes['LiveAlert']
  | Shapes['LiveIncident']
  | Shapes['LiveCommand']
  | Step
  | Shapes['LivePong'];
export type FromPage =
  Shapes['LiveHello'] | Shapes['LiveAck'] | Shapes['LivePing'] | Shapes['LiveHidden'] | Shapes['LiveTopic'];
