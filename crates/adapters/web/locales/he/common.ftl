# הטקסטים שבכל עמוד.
skip = דילוג לתוכן
nav-main = ניווט ראשי
nav-calendar = יומן
nav-customers = לקוחות
nav-events = אירועים
nav-settings = הגדרות
nav-business = העסק
nav-resources = צוות וחדרים
nav-services = שירותים
nav-keys = מפתחות API
nav-people = משתמשים
language = שפה
language-name = עברית
hebrew = עברית
english = English
name = שם
email = דוא״ל
phone = טלפון
notes = הערות
save = שמירה
cancel = ביטול
back = חזרה
edit = עריכה
copy = העתקה
copied = הועתק
link = קישור
next-page = לעמוד הבא
title-refused = נדרש תיקון: { $title }

date = { $day } ב{ $month } { $year }
date-without-year = { $day } ב{ $month }
# מתחיל בסימן כיוון, כדי שגם בתוך משפט ייקרא מימין לשמאל.
moment = ‏{ $weekday }, { $date }, { $time }
ago-now = הרגע
ago-minutes = { $count ->
    [one] לפני דקה
    [two] לפני שתי דקות
   *[other] לפני { $count } דקות
}
ago-hours = { $count ->
    [one] לפני שעה
    [two] לפני שעתיים
   *[other] לפני { $count } שעות
}
month-1 = ינואר
month-2 = פברואר
month-3 = מרץ
month-4 = אפריל
month-5 = מאי
month-6 = יוני
month-7 = יולי
month-8 = אוגוסט
month-9 = ספטמבר
month-10 = אוקטובר
month-11 = נובמבר
month-12 = דצמבר
weekday-0 = יום ראשון
weekday-1 = יום שני
weekday-2 = יום שלישי
weekday-3 = יום רביעי
weekday-4 = יום חמישי
weekday-5 = יום שישי
weekday-6 = שבת

invalid-missing = יש למלא את השדה הזה.
invalid-too-long = אפשר עד { $count } תווים.
invalid-too-short = נדרשים לפחות { $count } תווים.
invalid-character = יש כאן תו שאי אפשר לשמור.
invalid-email = זו אינה כתובת דוא״ל תקינה.
invalid-phone = במספר טלפון צריכות להיות ספרות.
invalid-date = זה אינו תאריך תקין.
invalid-time = יש להזין שעה תקינה, למשל 14:30.
invalid-range = יש להזין מספר שלם בין { $min } ל־{ $max }.
invalid-too-many = אפשר עד { $count }.
invalid-network = יש להזין כתובות IP או טווחים, למשל 203.0.113.0/24.
invalid-zone = יש לבחור אזור זמן מהרשימה, למשל Asia/Jerusalem.
invalid-closing = שעת הסגירה צריכה להיות אחרי שעת הפתיחה.
invalid-money = יש להזין סכום עם שתי ספרות לכל היותר אחרי הנקודה.
invalid-amount = יש להזין סכום עם { $count } ספרות לכל היותר אחרי הנקודה.
invalid-deposit = יש להזין סכום גדול מאפס ולא יותר מהמחיר המלא.
invalid-provider = יש להשתמש באותיות לועזיות קטנות, בספרות, במקפים ובקווים תחתונים.
invalid-header = יש להזין שם של שדה כותרת, כמו X-Signature.
invalid-pointer = יש להזין JSON pointer, כמו ‎/data/id.
invalid-also-in = סוג יכול להופיע ברשימה אחת בלבד.
invalid-secret = סוד מהסוג הזה מתחיל ב־whsec_.
invalid-choice = יש לבחור אפשרות מהרשימה.
invalid-id = במזהה יש 24 תווים: ספרות ואותיות מ־a עד f.
invalid-url = יש להזין כתובת שלמה, למשל https://crm.example.com/webhooks.
invalid-url-https = הכתובת צריכה להתחיל ב־https://.
invalid-url-scheme = הכתובת צריכה להתחיל ב־https:// או ב־http://.
invalid-url-user = יש להשמיט מהכתובת את שם המשתמש והסיסמה.
invalid-url-fragment = יש להשמיט את סוף הכתובת, החל מהסימן #.
invalid-url-address = הכתובת הזאת אינה ציבורית. הזינו כתובת שאפשר להגיע אליה מהאינטרנט, או בקשו ממי שמנהל את השרת להתיר אותה.
invalid-past = התאריך הזה כבר עבר.

error-not-found = העמוד לא נמצא
error-not-allowed = אין לכם הרשאה לפעולה הזאת
error-bad-form = לא הצלחנו לקרוא את הטופס
error-cross-site = הבקשה לא נשלחה מתוך המערכת
error-changed = הנתונים השתנו בינתיים, ודבר לא נשמר
error-unavailable = השרת עמוס. נסו שוב בעוד רגע
error-internal = משהו השתבש אצלנו
error-back = חזרה למערכת
error-id = אם תפנו לעזרה, ציינו את המזהה הזה:
