/** The page's texts. What the application itself says (causes, log lines) is in English. */
const TEXTS = {
  en: {
    skip: 'Skip to the board',
    board: 'Board',
    things: 'Things',
    flow: 'Flow',
    cars: 'Cars',
    health: 'Health',
    theme: 'Light or dark',
    no: 'Cancel',
    yes: 'Do it',
    token: 'The token of this page',
    open: 'Open',
    live: 'live',
    lost: 'connection lost, trying again',
    connecting: 'connecting',
    locked: 'Mirror of a real board: this page only shows.',
    bench: 'On the bench',
    lines: 'Lines as a table',
    line: 'Line',
    level: 'Level',
    consumer: 'Consumer',
    edge: 'Last edge',
    direction: 'Direction',
    hover: 'Point at a line to see who holds it.',
    active: 'active',
    inactive: 'inactive',
    unknown: 'not known',
    nobody: 'free',
    never: 'none yet',
    input: 'input',
    output: 'output',
    press: 'press',
    toggle: 'switch',
    wave: 'wave a hand',
    noboard: 'No thing on this machine has lines.',
    temperature: 'Temperature',
    humidity: 'Humidity',
    rising: 'rising',
    falling: 'falling',
    ok: 'ok',
    degraded: 'degraded',
    failed: 'failed',
    offline: 'offline',
    online: 'online',
    elsewhere: 'runs elsewhere',
    property: 'Property',
    desired: 'Desired',
    reported: 'Reported',
    age: 'Age',
    delta: 'Delta',
    version: 'version',
    noshadow: 'No shadow.',
    set: 'Set',
    confirm: 'Switch {thing}: set {property} to {value}?',
    on: 'on',
    off: 'off',
    ago: '{n} ago',
    now: 'now',
    core: 'shadow service',
    cloud: 'cloud',
    function: 'function',
    choose: 'Choose a member to see its last messages.',
    messages: 'Messages of {name}',
    time: 'Time',
    from: 'From',
    topic: 'Topic',
    bytes: 'Bytes',
    payload: 'Payload',
    none: 'None yet.',
    refused: 'Refused',
    refusednone: 'Nothing was refused since this page opened.',
    rows: 'Subscriptions',
    source: 'Source',
    subject: 'Subject',
    target: 'Target',
    because: 'Because',
    total: 'cars in all',
    greens: 'greens',
    least: 'fewest in one green',
    most: 'most in one green',
    next: 'next batch in {n} greens',
    next1: 'next batch in 1 green',
    spool: 'waiting for the cloud',
    lastwrite: 'last batch',
    batch: 'Batch',
    download: 'Download CSV',
    chart: 'Cars over time',
    telemetry: 'Telemetry since this page opened',
    nocars: 'No light is counted.',
    parts: 'Parts',
    name: 'Name',
    kind: 'Kind',
    state: 'State',
    cause: 'Cause',
    functions: 'Functions',
    memory: 'Memory',
    restarts: 'Restarts',
    invocations: 'Invocations',
    errors: 'Errors',
    certificates: 'Certificates',
    days: 'Days left',
    revoked: 'revoked',
    deployments: 'Deployments',
    log: 'Log',
    all: 'all',
    warnings: 'warnings',
    figures: 'Figures',
  },
  zh: {
    skip: '跳到电路板',
    board: '电路板',
    things: '设备',
    flow: '消息流',
    cars: '车辆',
    health: '健康',
    theme: '浅色或深色',
    no: '取消',
    yes: '执行',
    token: '本页面的令牌',
    open: '打开',
    live: '实时',
    lost: '连接中断，正在重试',
    connecting: '正在连接',
    locked: '真实电路板的镜像：本页面只能查看。',
    bench: '实验台',
    lines: '线路表',
    line: '线路',
    level: '电平',
    consumer: '占用者',
    edge: '最近边沿',
    direction: '方向',
    hover: '指向一条线路可查看其占用者。',
    active: '有效',
    inactive: '无效',
    unknown: '未知',
    nobody: '空闲',
    never: '尚无',
    input: '输入',
    output: '输出',
    press: '按下',
    toggle: '开关',
    wave: '挥手',
    noboard: '本机没有使用线路的设备。',
    temperature: '温度',
    humidity: '湿度',
    rising: '上升',
    falling: '下降',
    ok: '正常',
    degraded: '降级',
    failed: '故障',
    offline: '离线',
    online: '在线',
    elsewhere: '在别处运行',
    property: '属性',
    desired: '期望',
    reported: '已报告',
    age: '时间',
    delta: '差异',
    version: '版本',
    noshadow: '没有影子。',
    set: '设置',
    confirm: '切换 {thing}：将 {property} 设为 {value}？',
    on: '开',
    off: '关',
    ago: '{n}前',
    now: '刚刚',
    core: '影子服务',
    cloud: '云',
    function: '函数',
    choose: '选择一个成员查看其最近的消息。',
    messages: '{name} 的消息',
    time: '时间',
    from: '来自',
    topic: '主题',
    bytes: '字节',
    payload: '内容',
    none: '尚无。',
    refused: '被拒绝',
    refusednone: '页面打开以来没有消息被拒绝。',
    rows: '订阅',
    source: '来源',
    subject: '主题',
    target: '目标',
    because: '原因',
    total: '车辆总数',
    greens: '绿灯次数',
    least: '单次最少',
    most: '单次最多',
    next: '再过 {n} 次绿灯出下一批',
    next1: '再过 1 次绿灯出下一批',
    spool: '等待上云',
    lastwrite: '最近一批',
    batch: '批次',
    download: '下载 CSV',
    chart: '车辆随时间',
    telemetry: '页面打开以来的遥测',
    nocars: '没有被统计的灯。',
    parts: '部件',
    name: '名称',
    kind: '种类',
    state: '状态',
    cause: '原因',
    functions: '函数',
    memory: '内存',
    restarts: '重启',
    invocations: '调用',
    errors: '错误',
    certificates: '证书',
    days: '剩余天数',
    revoked: '已吊销',
    deployments: '部署',
    log: '日志',
    all: '全部',
    warnings: '警告',
    figures: '数值',
  },
};

let language = stored('language') ?? (navigator.language.startsWith('zh') ? 'zh' : 'en');

export function t(key, values = {}) {
  const text = TEXTS[language][key] ?? TEXTS.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
}

export function nextLanguage() {
  language = language === 'en' ? 'zh' : 'en';
  store('language', language);
  translate();
}

/** Writes the texts of what stands in the document itself. */
export function translate() {
  document.documentElement.lang = language === 'zh' ? 'zh-Hans' : 'en';
  for (const element of document.querySelectorAll('[data-text]'))
    element.textContent = t(element.dataset.text);
  for (const element of document.querySelectorAll('[data-label]'))
    element.setAttribute('aria-label', t(element.dataset.label));
  const button = document.getElementById('language');
  button.textContent = language === 'en' ? '中文' : 'English';
  button.lang = language === 'en' ? 'zh' : 'en';
}

/** A duration in ms as people say it. */
export function age(ms) {
  if (ms < 1500) return t('now');
  const seconds = Math.round(ms / 1000);
  const [n, unit] =
    seconds < 90
      ? [seconds, 's']
      : seconds < 5400
        ? [Math.round(seconds / 60), 'min']
        : seconds < 172800
          ? [Math.round(seconds / 3600), 'h']
          : [Math.round(seconds / 86400), 'd'];
  const units = { s: '秒', min: '分钟', h: '小时', d: '天' };
  return t('ago', { n: language === 'zh' ? `${n}${units[unit]}` : `${n} ${unit}` });
}

export function clockTime(ms) {
  return new Date(ms).toLocaleTimeString(language === 'zh' ? 'zh-CN' : 'en-GB');
}

export function stored(name) {
  try {
    return localStorage.getItem(`greenlight.${name}`) ?? undefined;
  } catch {
    // a browser that keeps nothing: the choice is for this visit
    return undefined;
  }
}

export function store(name, value) {
  try {
    localStorage.setItem(`greenlight.${name}`, value);
  } catch {
    // as above
  }
}
